"""`audit`, `usage` and `share`: running the workbench for a lab. Whoever has an account on the server is an admin."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.cli.app import Output, command
from pipelines.cli.lines import write_table


@command()
def audit(
    out: Output,
    person: Annotated[str, typer.Option(help="Only deeds of people whose id or name contains this.")] = "",
    thing: Annotated[str, typer.Option(help="Only deeds about things that contain this, such as a run id.")] = "",
    since: Annotated[str, typer.Option(help="Only deeds from this time on, such as 2026-11-29 (UTC).")] = "",
    last: Annotated[int, typer.Option(min=1, help="Only so many, the latest.")] = 1000,
) -> None:
    """Show who did what, oldest first."""
    from pipelines.people.audit import read_audit

    deeds = [
        asdict(deed)
        for deed in read_audit()
        if person in f"{deed.person} {deed.name}" and thing in deed.thing and deed.time >= since
    ][-last:]
    if deeds:
        write_table(out, deeds)
    else:
        out.text("Nothing is recorded.")
    out.result({"deeds": deeds})


@command()
def usage(out: Output) -> None:
    """Show how much each person uses of the disk, the queue and the devices."""
    from pipelines.jobs.quotas import usage_of
    from pipelines.people.audit import read_audit
    from pipelines.people.person import Person

    people = {deed.person: deed for deed in read_audit() if deed.person}
    rows = []
    for deed in people.values():
        used = usage_of(deed.person, Person(deed.person, deed.name, "viewer").folder)
        amounts = {key: round(value, 3) for key, value in asdict(used).items()}
        rows.append({"name": deed.name, "person": deed.person, **amounts})
    if rows:
        write_table(out, rows)
    out.result({"people": rows})


@command()
def share(
    out: Output,
    run: Annotated[str, typer.Option(help="Run to share.")] = "",
    dataset: Annotated[str, typer.Option(help="Dataset to share.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Let only the owner and admins see it again.")] = False,
) -> None:
    """Let everybody in the lab see a run or a dataset."""
    from pipelines.jobs.sharing import share_dataset, share_run
    from pipelines.people.acting import acting_person

    if run:
        share_run(run, not off, acting_person())
    if dataset:
        share_dataset(dataset, not off, acting_person())
    out.result({"run": run, "dataset": dataset, "shared": not off})
