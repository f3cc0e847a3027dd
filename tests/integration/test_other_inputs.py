"""Evaluations on other inputs than in training, and on pairs: what is refused, stored separately and noted."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.evaluate.compare import Column, Comparison
from pipelines.evaluate.reports import reports_as_trained, stored_reports, summary
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate, keep_baseline_rows, kept_baseline_rows
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.runs import get_run
from sem_models.config.degradation import Blur, Degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import Identity
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.tasks.models import evaluate_model
from tests.support.images import smooth_images
from tests.support.scored_runs import FAIR, store
from tests.support.small_recipes import short
from tests.support.trained_runs import train_run


def pairs(home: Path, scale: int) -> Dataset:
    """Six pairs in `home/datasets/pairs`; inputs are `scale` times smaller and noisy."""
    rng = np.random.default_rng(2)
    for index, image in enumerate(smooth_images(6)):
        noisy = np.clip(image[::scale, ::scale] + 10 * rng.standard_normal(image[::scale, ::scale].shape), 0, 255)
        for folder, pixels in (("first", noisy), ("second", image)):
            (home / folder).mkdir(exist_ok=True)
            write_micrograph(home / folder / f"S{index}.tif", Micrograph(pixels.astype(np.uint8)[:, :, None], 2.5))
    options = PrepareOptions(name="pairs", raw=(home / "first",), kind="paired", target=home / "second")
    return write_dataset(plan_dataset(options), home / "datasets" / "pairs")


def test_pairs_are_not_degraded_so_changes_of_that_are_refused(sem_home: Path) -> None:
    pairs(sem_home, 1)
    blur = "degradation.blur.size_px=1,1"
    for model, change in (("baseline:nlm", "degradation.read_noise=0.1"), ("baseline:wiener", "degradation.scale=1")):
        with pytest.raises(UserError, match=r"brings its own inputs.*leave it out"):
            evaluate(EvaluateRequest(model=model, dataset="pairs", scale=1, changes=[blur, change]))
    report, _ = evaluate(EvaluateRequest(model="baseline:wiener", dataset="pairs", scale=1, changes=[blur]))
    assert report.degradation == "paired"


def test_baselines_of_pairs_have_the_scale_of_the_model(tmp_path: Path) -> None:
    """The scale of a network trained on pairs may differ from that of the forward model in its recipe."""
    report = evaluate_model(Identity(2), pairs(tmp_path, 2), "test", Degradation(scale=4))
    assert report.methods == ("baseline:identity", "baseline:bicubic", "baseline:nlm+bicubic")


def test_deconvolutions_of_another_blur_are_not_kept_for_pairs(sem_home: Path) -> None:
    dataset, narrow, wide = pairs(sem_home, 1), *(Degradation(scale=1, blur=Blur(size_px=(s, s))) for s in (1, 3))
    report = evaluate_model(Identity(1), dataset, "test", narrow).model_copy(update={"notes": ("A lasting note.",)})

    def with_lpips(first: float | None, others: float | None) -> EvaluationReport:
        values = [first, *[others] * (len(report.rows) - 1)]
        scores = [{"psnr_db": 20.0, "lpips": value} for value in values]
        rows = [row.model_copy(update={"scores": one}) for row, one in zip(report.rows, scores, strict=True)]
        return report.model_copy(update={"rows": tuple(rows)})

    assert len({row.method for row in report.rows} - {report.model}) > 1
    keep_baseline_rows(dataset, "test", narrow, with_lpips(None, None))
    assert kept_baseline_rows(dataset, "test", narrow) == (), "weights of LPIPS may be there next time"
    keep_baseline_rows(dataset, "test", narrow, with_lpips(None, 0.1))
    assert kept_baseline_rows(dataset, "test", narrow), "one image may have no score for good"
    assert kept_baseline_rows(dataset, "test", wide) == ()


def test_scores_on_other_inputs_come_second_and_are_not_those_of_the_model(sem_home: Path) -> None:
    run_id = store("run", FAIR, 0.1)
    (own,) = stored_reports(run_id)
    other = own.model_copy(update={"degradation": '{"scale":4,"read_noise":0.5}'})
    put_text(run_id, "evaluation/set-test-0a1b2c3d.json", other.model_dump_json())
    assert stored_reports(run_id) == [own, other]
    assert reports_as_trained(run_id) == [own]
    assert summary(other)["degradation"] == other.degradation


def test_baselines_of_a_comparison_stand_in_every_table(sem_home: Path) -> None:
    run_id = store("run", FAIR, 0.1)
    (report,) = stored_reports(run_id)
    rows = [Row(method="baseline:nlm", image=row.image, group=row.group, scores=row.scores) for row in report.rows]
    more = report.model_copy(update={"rows": (*rows, *report.rows)})
    columns = tuple(Column(get_run(run_id), one) for one in (more, report))
    assert Comparison(columns, ("psnr_db",), ()).baselines == ("baseline:bicubic",)


def test_scores_against_noisy_frames_say_so(sem_home: Path) -> None:
    pairs(sem_home, 1)
    run_id = train_run(short("n2n-denoise-small", "train.patch=32"), "pairs", "e")
    report, _ = evaluate(EvaluateRequest(model=run_id, dataset="pairs"))
    assert any("noisy frames" in note and "without a reference" in note for note in report.notes)
    assert stored_reports(run_id)[0].notes == report.notes
