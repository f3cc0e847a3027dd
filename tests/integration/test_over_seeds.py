"""Methods with several seeds, compared over seeds and specimens, on scores that were written by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.evaluate.compare import compare
from pipelines.evaluate.over_seeds import compare_methods, seed_rows
from pipelines.evaluate.requests import CompareRequest
from sem_models.evaluation.statistics.intervals import seeds_interval
from tests.support.scored_runs import FAIR, GOOD, GROUPS, store


def seeds_of(name: str, scores: list[float], shifts: list[float]) -> list[str]:
    """Store one run for each seed, whose scores are shifted on every image."""
    return [
        store(name, [value + shift for value in scores], 0.1, params={"recipe": name, "train.seed": str(seed)})
        for seed, shift in enumerate(shifts)
    ]


def test_seeds_of_a_method_are_one_row(sem_home: Path) -> None:
    ours, theirs = seeds_of("ours", GOOD, [0.0, 0.4, -0.4]), seeds_of("theirs", FAIR, [0.3, -0.3, 0.0])
    found = compare_methods(compare(CompareRequest(run_ids=(*ours, *theirs))), ["psnr_db"])
    between, *_ = found
    assert [(one.method.name, one.reference.name) for one in found] == [
        ("ours", "theirs"),
        ("ours", "baseline:bicubic"),
        ("theirs", "baseline:bicubic"),
    ]
    tables = [np.add(np.reshape(shifts, (3, 1)), [scores]) for shifts, scores in (
        ([0.0, 0.4, -0.4], GOOD), ([0.3, -0.3, 0.0], FAIR),
    )]  # fmt: skip
    expected = seeds_interval(*tables, list(GROUPS))
    assert (between.interval.mean, between.interval.lo) == pytest.approx((expected.mean, expected.lo))
    assert [one.verdict for one in found] == ["no difference shown", "better", "better"]
    assert [row["seeds of reference"] for row in seed_rows(found)] == ["3", "none", "none"]


def test_two_seeds_support_no_claim_and_one_each_is_no_table(sem_home: Path) -> None:
    ours, theirs = seeds_of("ours", GOOD, [0.0, 0.1]), seeds_of("theirs", FAIR, [0.0])
    comparison = compare(CompareRequest(run_ids=(*ours, *theirs)))
    assert {one.verdict for one in compare_methods(comparison, ["psnr_db"])} == {"too few seeds"}
    assert compare_methods(compare(CompareRequest(run_ids=(ours[0], *theirs))), ["psnr_db"]) == ()


def test_another_setting_is_another_method(sem_home: Path) -> None:
    short = store("ours", GOOD, 0.1, params={"train.steps": "10", "train.seed": "0"})
    long = [store("ours", GOOD, 0.1, params={"train.steps": "20", "train.seed": str(seed)}) for seed in range(2)]
    found = compare_methods(compare(CompareRequest(run_ids=(short, *long))), ["psnr_db"])
    assert {len(one.method.reports) for one in found} == {1, 2}
    assert len({one.method.name for one in found} - {"ours"}) == 2, "methods of one name carry an id"


def test_the_command_prints_them(sem_home: Path) -> None:
    from pipelines.__main__ import app

    runs = [*seeds_of("ours", GOOD, [0.0, 0.1, 0.2]), *seeds_of("theirs", FAIR, [0.0, 0.1, 0.2])]
    result = CliRunner().invoke(app, ["compare", *runs, "--json"])
    assert result.exit_code == 0, result.output
    assert "Over seeds and specimens" in result.stderr
    first = json.loads(result.stdout.strip().splitlines()[-1])["over_seeds"][0]
    assert (first["seeds"], first["reference_seeds"], first["metric"]) == (3, 3, "psnr_db")
