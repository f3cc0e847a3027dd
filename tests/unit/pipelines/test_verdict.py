"""What a comparison says in one sentence, which runs it takes, and in which order it shows images."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from pipelines.evaluate.by_image import by_image
from pipelines.evaluate.candidates import LATEST, candidates, from_address, in_address
from pipelines.evaluate.compare import Comparison, compare
from pipelines.evaluate.costs import devices, method_costs
from pipelines.evaluate.labels import short_names
from pipelines.evaluate.requests import CompareRequest
from pipelines.evaluate.verdict import verdict
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.runs import list_runs
from sem_models.evaluation.paired import compare_to
from sem_models.evaluation.report import EvaluationReport, Row
from tests.support.scored_runs import FAIR, GOOD, GROUPS, MSE, POOR, store, three_runs


def _compared(*run_ids: str) -> Comparison:
    return compare(CompareRequest(run_ids=run_ids))


def test_the_sentence_names_the_best_and_what_it_is_worth(sem_home: Path) -> None:
    runs = three_runs()
    said = verdict(_compared(*runs.values()), "psnr_db")
    # With four specimens p cannot fall below 0.125: nothing is called better, however large the difference.
    assert said.startswith("By PSNR (dB), **good** has the best mean, 30.44 [")
    assert "not shown to differ from bicubic (+10.4" in said
    assert "better on 8 of 8 images" in said
    assert "not shown to differ from fair (+0.4" in said
    assert "better on 7 of 8 images" in said
    assert "**fair**" in verdict(_compared(*runs.values()), "mse"), "less is better"


def test_a_model_that_a_baseline_beats_is_the_best_of_the_models_only(sem_home: Path) -> None:
    comparison = _compared(_many("good", 30.0, baseline=31.0))
    said = verdict(comparison, "psnr_db")
    assert said.startswith("By PSNR (dB), **good** has the best mean of the models, 30.0")
    assert "worse than bicubic (-1.0" in said


def test_better_is_said_where_the_tests_say_so(sem_home: Path) -> None:
    report = _many("good", 30.0)
    comparison = _compared(report)
    assert "better than bicubic (+10.0" in verdict(comparison, "psnr_db")


def test_seeds_of_the_best_method_are_not_its_rivals(sem_home: Path) -> None:
    seeds = [store("good", [value + seed for value in GOOD], 0.1, params={"train.seed": str(seed)}) for seed in (0, 1)]
    poor = store("poor", POOR, 0.2, params={"train.seed": "0", "train.steps": "5"})
    comparison = _compared(*seeds, poor)
    names = short_names(comparison)
    assert [names[run] for run in (*seeds, poor)] == ["good, seed 0", "good, seed 1", "poor"]
    said = verdict(comparison, "psnr_db")
    assert "**good, seed 1**" in said
    assert "from poor" in said
    assert "seed 0" not in said


def _many(name: str, level: float, baseline: float = 20.0) -> str:
    """Eight specimens, so that the test can show a difference."""
    run_id = store(name, GOOD, 0.1)
    rows = tuple(
        Row(method=method, image=f"i{i}", group=f"g{i}", scores={"psnr_db": value + 0.1 * (i % 3)})
        for method, value in ((run_id, level), ("baseline:bicubic", baseline))
        for i in range(8)
    )
    report = EvaluationReport(model=run_id, dataset="set", digest="e" * 20, split="test", degradation="paired",
                              data_range=1.0, border_px=4, rows=rows)  # fmt: skip
    put_text(run_id, "evaluation/set-test.json", report.model_dump_json())
    return run_id


def test_the_effect_size_is_that_of_a_t_test_over_specimens(sem_home: Path) -> None:
    runs = three_runs()
    comparison = _compared(runs["good"], runs["poor"])
    reports = [column.report for column in comparison.columns]
    (paired,) = compare_to(reports[0], [reports[1]], "psnr_db")
    by_specimen = np.subtract(POOR, GOOD).reshape(4, 2).mean(axis=1)
    assert len(set(GROUPS)) == 4
    assert paired.effect_size == pytest.approx(ttest_1samp(by_specimen, 0).statistic / np.sqrt(4))
    assert paired.better_on == 0


def test_only_the_latest_runs_of_one_test_set_are_offered(sem_home: Path) -> None:
    ids = [store(f"run {index}", GOOD, 0.1, params={"train.seed": str(index)}) for index in range(3)]
    (group,) = candidates(list_runs(kind="training"))
    assert group.title == "set"
    assert {run.run_id for run in group.runs} == set(ids)
    assert LATEST < 10
    found = from_address(in_address([ids[2], "ffffffff", ids[0]]), [group])
    assert found is not None
    assert found[1] == [ids[2], ids[0]]
    assert from_address("nothing", [group]) is None
    assert from_address("", [group]) is None


def test_images_are_ordered_by_what_the_best_model_gains(sem_home: Path) -> None:
    runs = three_runs()
    found = by_image(_compared(*runs.values()), "psnr_db")
    assert (found.best, found.reference) == (runs["good"], "baseline:bicubic")
    gains = np.subtract(GOOD, 20.0)
    assert [one.image for one in found.images] == [f"i{i}" for i in np.argsort(gains, kind="stable")]
    assert found.images[0].gain == pytest.approx(gains.min())
    assert found.images[0].scores[runs["poor"]] == POOR[int(gains.argmin())]


def test_a_damaged_report_is_one_warning(sem_home: Path) -> None:
    runs = three_runs()
    put_text(runs["poor"], "evaluation/set-test.json", '{"version": 1, "model"')
    comparison = _compared(*runs.values())
    assert {column.run.name for column in comparison.columns} == {"good", "fair"}
    assert any(runs["poor"][:8] in text and "damaged" in text for text in comparison.warnings)


def test_costs_are_medians_and_none_for_earlier_reports(sem_home: Path) -> None:
    old = store("old", FAIR, MSE["fair"])
    new = store("new", GOOD, MSE["good"], parameters=1234, device="CPU, 2 threads")
    report = EvaluationReport.model_validate_json(_compared(new).columns[0].report.model_dump_json())
    seconds = iter([9.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.5] * 2)
    timed = tuple(row.model_copy(update={"s_per_mp": next(seconds)}) for row in report.rows)
    put_text(new, "evaluation/set-test.json", report.model_copy(update={"rows": timed}).model_dump_json())
    costs = {cost.method: cost for cost in method_costs(_compared(old, new), "psnr_db")}
    assert (costs[new].parameters, costs[new].s_per_mp) == (1234, 1.75)
    assert (costs[old].parameters, costs[old].s_per_mp) == (None, None)
    assert (costs["baseline:bicubic"].parameters, costs["baseline:bicubic"].s_per_mp) == (0, 1.75)
    assert devices(list(costs.values())) == ["CPU, 2 threads"]
