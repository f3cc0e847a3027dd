"""Comparison of stored evaluations, by the use case and the command, on handwritten scores."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon
from typer.testing import CliRunner

from pipelines.evaluate.compare import compare
from pipelines.evaluate.paired import compare_pairs
from pipelines.evaluate.requests import CompareRequest
from pipelines.evaluate.tables import csv_files, difference_rows, rank_rows
from pipelines.evaluate.trained_scores import trained_scores
from pipelines.publish.score_table import score_rows, scores_csv
from pipelines.tracking.run_facts import flat_parameters
from pipelines.tracking.runs import create_run
from sem_models.config.presets.table import find_recipe
from sem_models.errors import UserError
from tests.support.scored_runs import FAIR, GOOD, POOR, store, store_backward, three_runs


@pytest.fixture
def runs(sem_home: Path) -> dict[str, str]:
    return three_runs()


def test_the_best_is_the_reference_unless_another_is_named(runs: dict[str, str]) -> None:
    comparison = compare(CompareRequest(run_ids=list(runs.values())))
    paired = compare_pairs(comparison)
    assert paired.reference.run.run_id == runs["good"]
    assert [pairing.column.run.name for pairing in paired.pairings] == ["fair", "poor"]
    assert any("flatters" in caveat for caveat in paired.caveats)
    assert compare_pairs(comparison, "mse").reference.run.run_id == runs["fair"], "less is better"
    named = compare_pairs(comparison, reference=runs["poor"][:10])
    assert named.reference.run.run_id == runs["poor"]
    assert not any("flatters" in caveat for caveat in named.caveats)
    verdicts = {pairing.by_metric["psnr_db"].verdict for pairing in named.pairings}
    assert verdicts == {"no difference shown"}, "four specimens"


def test_scores_that_a_run_was_trained_on_are_named(sem_home: Path) -> None:
    """By the parameters that a training logs: losses of both stages, and back-projection."""
    trained = flat_parameters(find_recipe("sinsr-gb-x4-small"))
    scores = {"dists": 0.1, "down_consistency_db": 50.0, "ssim": 0.8}
    ours = store("ours", GOOD, 0.1, scores, params={key: str(value) for key, value in trained.items()})
    other = store("other", FAIR, 0.1, scores, params={"losses.l1": "1.0", "network.back_projection": "None"})
    comparison = compare(CompareRequest(run_ids=(ours, other)))
    said = " ".join(trained_scores(comparison.columns, comparison.metrics))
    assert "DISTS" in said
    assert "perceptual_levels_vgg16" in said
    assert "back-projection" in said
    assert "other" not in said
    assert "SSIM" in said
    assert "MSE" not in said


def test_users_mistakes_are_reported(runs: dict[str, str]) -> None:
    comparison = compare(CompareRequest(run_ids=list(runs.values())))
    with pytest.raises(UserError, match="psnr_db, mse"):
        compare_pairs(comparison, "fid")
    with pytest.raises(UserError, match=runs["good"][:8]):
        compare_pairs(comparison, reference="zzz")


def test_generators_of_a_cycle_are_compared_within_one_direction(sem_home: Path) -> None:
    one, two = store("one", GOOD, 0.1), store("two", FAIR, 0.1)
    for run_id, psnr in ((one, POOR), (two, FAIR)):
        store_backward(run_id, f"{run_id}:backward", psnr)
    back = compare(CompareRequest(run_ids=(f"{one}:backward", f"{two}:backward", one)))
    assert [column.model for column in back.columns] == [f"{two}:backward", f"{one}:backward"]
    assert "backward" in back.columns[0].label
    assert [text for text in back.warnings if "the other way" in text and one[:8] in text]
    paired = compare_pairs(back)
    assert paired.pairings[0].by_metric["psnr_db"].interval.mean == pytest.approx(np.mean(np.subtract(POOR, FAIR)))
    with pytest.raises(UserError, match="baseline:bicubic is not a run"):
        compare(CompareRequest(run_ids=("baseline:bicubic",)))


def test_a_run_that_cannot_be_compared_gets_a_reason(runs: dict[str, str]) -> None:
    noisy = store("noisy", POOR, 0.1, degradation='{"scale":4,"read_noise":0.02}')
    other = store("other", POOR, 0.1, digest="e" * 20, dataset="second")
    wide = store("wide", POOR, 0.1, border_px=2)
    early = store("early", POOR, 0.1, split="val")
    unscored = create_run("sem", "unscored", "training", {}, {})
    comparison = compare(CompareRequest(run_ids=[*runs.values(), noisy, other, wide, early, unscored]))
    said = dict(text.split(" (", 1) for text in comparison.warnings)
    assert len(comparison.columns) == 3
    assert "degradation.read_noise 0.02, not 0.0." in said["noisy"]
    assert "dataset digest eeeeeeeeeeee (second), not dddddddddddd (set)." in said["other"]
    assert "border in px 2, not 4." in said["wide"]
    assert "split val, not test." in said["early"]
    assert "has not been evaluated" in said["unscored"]


def test_one_model_has_nothing_to_pair_with(runs: dict[str, str]) -> None:
    paired = compare_pairs(compare(CompareRequest(run_ids=[runs["good"], runs["good"]])))
    assert paired.pairings == ()
    assert "nothing to compare" in paired.caveats[0]
    assert difference_rows(paired) == []
    assert len(rank_rows(paired)) == 1
    assert csv_files(paired)["paired.csv"].strip() == ""


def test_the_command_prints_and_writes_what_scipy_says(runs: dict[str, str], tmp_path: Path) -> None:
    from pipelines.__main__ import app

    arguments = ["compare", *runs.values(), "--reference", runs["poor"], "--csv", str(tmp_path / "tables"), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    p = wilcoxon(np.reshape(np.array(FAIR) - np.array(POOR), (4, 2)).mean(axis=1)).pvalue
    assert p == pytest.approx(2 / 2**4)
    said = json.loads(result.stdout.strip().splitlines()[-1])["paired"]
    (fair,) = [row for row in said["differences"] if (row["model"], row["metric"]) == ("fair", "psnr_db")]
    assert fair["p_holm"] == pytest.approx(2 * p)
    assert (fair["images"], fair["groups"]) == (8, 4)
    with (tmp_path / "tables" / "paired_per_image.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if (line["model"], line["metric"]) == ("fair", "psnr_db")]
    assert [float(line["difference"]) for line in lines] == pytest.approx(np.array(FAIR) - np.array(POOR))
    with (tmp_path / "tables" / "paired.csv").open() as file:
        first = next(csv.DictReader(file))
    assert float(first["mean_difference"]) == pytest.approx(np.mean(np.array(GOOD) - np.array(POOR)))
    with (tmp_path / "tables" / "ranks.csv").open() as file:
        ranked = {line["model"]: line for line in csv.DictReader(file) if line["metric"] == "psnr_db"}
    assert float(ranked["good"]["mean_rank"]) == pytest.approx(9 / 8), "second to fair on one of eight images"
    assert (ranked["good"]["best_on"], ranked["fair"]["best_on"]) == ("7", "1")
    table = [line for line in result.stderr.splitlines() if "PSNR (dB)" in line and "no difference shown" in line]
    assert len(table) == 2
    assert f"{p:.3g}" in table[1]


def test_no_cell_of_a_table_is_a_formula(sem_home: Path) -> None:
    """Runs are called by people, and images by whoever named the files."""
    formula = '=HYPERLINK("http://evil.example","x")'
    runs = [store(f"{formula} {number}", GOOD, 0.1, {"ssim": 0.8}) for number in (1, 2)]
    comparison = compare(CompareRequest(run_ids=tuple(runs)))
    texts = [*csv_files(compare_pairs(comparison)).values(), scores_csv(score_rows(comparison, comparison.metrics))]
    for text in texts:
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert any("evil.example" in cell for cell in cells)
        assert [cell for cell in cells if cell.startswith("=")] == []
