"""`audit`, `usage` and `share` on the command line, where the account of the server is an admin."""

import json
from pathlib import Path

from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.people.audit import record
from pipelines.tracking.runs import create_run, get_run
from tests.support.lab import ALICE, BOB, write_lab


def run(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    content: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return content


def test_an_admin_reads_who_did_what_and_who_uses_how_much(sem_home: Path) -> None:
    write_lab(sem_home)
    hers = create_run("sem", "r", "training", {}, {}, by=ALICE)
    record(BOB, "cancel", f"run {hers}")
    assert not get_run(hers).ownership.shared
    run("share", "--run", hers)
    assert get_run(hers).ownership.shared
    about = run("audit", "--thing", hers)["deeds"]
    assert isinstance(about, list)
    assert [deed["deed"] for deed in about] == ["make training", "cancel", "share"]
    assert about[-1]["role"] == "admin"
    assert [deed["name"] for deed in run("audit", "--person", "bob")["deeds"]] == ["Bob"]  # type: ignore[attr-defined]
    assert run("audit", "--since", "2999")["deeds"] == []
    assert len(run("audit", "--last", "1")["deeds"]) == 1  # type: ignore[arg-type]
    people = run("usage")["people"]
    assert isinstance(people, list)
    assert {person["name"] for person in people} >= {"Alice", "Bob"}
    run("share", "--run", hers, "--off")
    assert not get_run(hers).ownership.shared
