"""Strengths that are told and scored, and strengths that are measured with a second frame."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.cli.options import CommandLineWords
from pipelines.evaluate.compare import compare
from pipelines.evaluate.reports import reports_as_trained, stored_reports, summary
from pipelines.evaluate.requests import CompareRequest, EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.predict.files import predict
from pipelines.predict.requests import PredictRequest
from pipelines.tracking.runs import get_run
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.small_recipes import short
from tests.support.trained_runs import train_run
from tests.unit.evaluation.test_blur_difference import recorded, specimen


@pytest.fixture
def told(sem_home: Path, small_dataset: Dataset) -> str:
    return train_run(short("refocus-strength-small", "train.patch=32"), "small")


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Frames blurred by 3 px (and shifted) and by 1 px, one of noise alone, and each of them with other pixels."""
    field = specimen(0)
    content = {"wide": (field, 3, (4, 0)), "sharp": (field, 1, (0, 0)), "flat": (0 * field, 1, (0, 0))}
    for index, (name, (base, width, shift)) in enumerate(content.items()):
        grey = np.clip(50 + 150 * recorded(base, width, 0.02, index, shift), 0, 255).astype(np.uint8)[..., None]
        write_micrograph(tmp_path / f"{name}.tif", Micrograph(grey, 5.0))
        write_micrograph(tmp_path / f"{name}-enlarged.tif", Micrograph(grey, 2.5))
    return tmp_path


def asked(model: str, frames: Path, first: str, second: str, **more: object) -> PredictRequest:
    names = {"inputs": (frames / f"{first}.tif",), "second_frame": frames / f"{second}.tif"}
    return PredictRequest(**{"model": model, "out": frames / "out", **names, **more})


def refusal(request: PredictRequest) -> str:
    with pytest.raises(UserError) as refused:
        predict(request)
    return refused.value.message.render(CommandLineWords())


def test_scores_of_a_strength_are_stored_beside_those_of_the_default(told: str) -> None:
    default, _ = evaluate(EvaluateRequest(model=told, dataset="small"))
    metrics = get_run(told).metrics
    strong, run_id = evaluate(EvaluateRequest(model=told, dataset="small", strength_px=3.0))
    assert (run_id, strong.strength_px, default.strength_px) == (told, 3.0, None)
    assert summary(strong)["strength_px"] == 3.0
    assert stored_reports(told) == [default, strong]
    assert reports_as_trained(told) == [default]
    assert get_run(told).metrics == metrics
    assert default.mean(default.model, "mse").mean != strong.mean(strong.model, "mse").mean
    assert default.values("baseline:identity", "mse") == strong.values("baseline:identity", "mse")
    assert strong.differs_from(default) == ("strength in px 3, not default",)
    assert [column.report.strength_px for column in compare(CompareRequest(run_ids=[told])).columns] == [None]
    evaluate(EvaluateRequest(model=told, dataset="small", strength_px=0.1))
    assert len(stored_reports(told)) == 2, "that is the default"
    assert "strength_px" not in default.model_dump_json()


def test_strength_0_scores_as_the_input(told: str) -> None:
    report, _ = evaluate(EvaluateRequest(model=told, dataset="small", strength_px=0))
    assert report.values(report.model, "mse") == report.values("baseline:identity", "mse")


def test_strength_on_the_command_line(told: str) -> None:
    result = CliRunner().invoke(app, ["evaluate", told, "--dataset", "small", "--strength", "2", "--json"])
    assert json.loads(result.stdout.splitlines()[-1])["strength_px"] == 2
    result = CliRunner().invoke(app, ["evaluate", "baseline:unsharp", "--dataset", "small", "--strength", "2"])
    assert result.exit_code == 2
    assert "--strength 2: baseline:unsharp cannot be told the width" in result.stderr


def test_a_second_frame_gives_the_strength(told: str, frames: Path) -> None:
    (result,) = predict(asked(told, frames, "wide", "sharp"))
    assert result.blur_px == pytest.approx(8**0.5, rel=0.05)
    assert result.blur_error_px < 0.1
    assert not result.warning
    settings = read_micrograph(Path(result.output or "")).history[-1].settings
    assert f"assumed blur of sigma {result.blur_px:g} px" in settings
    (known,) = predict(asked(told, frames, "sharp", "wide", focus_step_px=2.0, overwrite=True))
    assert known.blur_px == pytest.approx(1, abs=0.1)
    command = ["predict", told, str(frames / "wide.tif"), "--out", str(frames / "c")]
    said = CliRunner().invoke(app, [*command, "--second-frame", str(frames / "sharp.tif")])
    assert f"; measured blur: {result.blur_px:g} ± {result.blur_error_px:.2g} px" in said.stdout + said.stderr


def test_clipped_frames_are_named(told: str, frames: Path) -> None:
    bright = read_micrograph(frames / "sharp.tif").pixels
    clipped = np.minimum(bright, np.quantile(bright, 0.8).astype(np.uint8))
    write_micrograph(frames / "clipped.tif", Micrograph(clipped, 5.0))
    (result,) = predict(asked(told, frames, "wide", "clipped"))
    share = (clipped == clipped.max()).mean() + (clipped == clipped.min()).mean()
    assert result.warning.startswith(f"{share:.0%} of the pixels of a frame are clipped")


def test_frames_may_be_uploads_in_folders_of_their_own(told: str, frames: Path) -> None:
    for name in ("wide", "sharp"):
        (frames / name).mkdir()
        (frames / f"{name}.tif").rename(frames / name / f"{name}.tif")
    request = asked(told, frames, "wide", "sharp", inputs=(frames / "wide",), second_frame=frames / "sharp")
    (result,) = predict(request)
    assert result.blur_px == pytest.approx(8**0.5, rel=0.05)


def test_equal_frames_leave_the_image_as_it_is(told: str, frames: Path) -> None:
    (result,) = predict(asked(told, frames, "sharp", "sharp"))
    assert result.blur_px == 0
    made, given = (read_micrograph(Path(path)).pixels for path in (result.output or "", frames / "sharp.tif"))
    assert np.array_equal(made, given)


def test_frames_that_do_not_fit_are_refused(told: str, frames: Path) -> None:
    assert "sharp.tif is sharper than wide.tif" in refusal(asked(told, frames, "sharp", "wide"))
    assert "too little structure" in refusal(asked(told, frames, "wide", "flat"))
    assert "pixels of 5 and 2.5 nm" in refusal(asked(told, frames, "wide", "sharp-enlarged"))
    assert "undo a part of it with --strength 4" in refusal(asked(told, frames, "wide", "sharp", focus_step_px=0.5))
    assert "leave out --strength" in refusal(asked(told, frames, "wide", "sharp", strength_px=1.0))
    assert "give the other one as --second-frame" in refusal(
        PredictRequest(model=told, inputs=(frames / "wide.tif",), out=frames / "out", focus_step_px=1.0)
    )
    both = {"inputs": (frames / "wide.tif", frames / "flat.tif")}
    assert "--second-frame is one image and belongs to one input" in refusal(
        asked(told, frames, "wide", "sharp", **both)
    )
    assert not list((frames / "out").glob("*.tif"))


def test_a_model_of_one_known_blur_says_whether_it_fits(sem_home: Path, small_dataset: Dataset, frames: Path) -> None:
    run_id = train_run(short("srn-known-small", "train.patch=32"), "small")
    (result,) = predict(asked(run_id, frames, "wide", "sharp"))
    assert f"learned to undo a blur of 2 px, but {result.blur_px:g} px were measured" in result.warning
    # Widths of 2 and 2 - step, on either side of focus, differ by -8 px^2 in their squares.
    (fitting,) = predict(asked(run_id, frames, "sharp", "wide", focus_step_px=2 + 12**0.5, overwrite=True))
    assert (fitting.warning, fitting.blur_px) == ("", pytest.approx(2, abs=0.1))
    assert "did not learn to undo" in refusal(asked("baseline:unsharp", frames, "wide", "sharp", scale=1))
