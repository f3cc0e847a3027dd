"""The command line as used by scripts: JSON as the last line, exit statuses, one-line errors."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from sem_models.datasets.dataset import Dataset
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.command_line import here, ok

ROOT = Path(__file__).resolve().parents[2]
TINY = ["--set", "train.batch=2", "--set", "train.patch=32", "--set", "network.blocks=1", "--set", "network.width=8"]


def test_recipes_have_the_promised_keys() -> None:
    rows = here("recipes")["recipes"]
    keys = {"name", "task", "network", "method", "scale", "channels_in", "channels_out", "parameters", "stages"}
    assert all(set(row) == keys for row in rows)
    assert {row["name"]: row["parameters"] for row in rows}["vdsr-x4"] == 664_704


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--recipe", "sinsrr", "--dataset", "x"], ["sinsrr", "Did you mean sinsr-x4"]),
        (["train", "--recipe", "vdsr-x4", "--dataset", "nowhere"], ["nowhere", "prepare it first"]),
        (["train", "--recipe", "vdsr-x4", "--dataset", "small", "--set", "train.step=1"], ["valid here", "steps"]),
        (["train"], ["--recipe"]),
        (["prepare", "/no/such/folder", "--name", "x"], ["/no/such/folder", "check the path"]),
        (["prepare", ".", "--name", "../x"], ["folder name"]),
        (["prepare", ".", "--name", "x", "--kind", "paired"], ["--target"]),
        (["evaluate", "0123", "--dataset", "small"], ["no run '0123'"]),
        (["evaluate", "baseline:lanczos", "--dataset", "small"], ["no baseline 'lanczos'", "baseline:bicubic"]),
        (["predict", "models:/none@champion", ".", "--out", "out"], ["models:/none@champion"]),
        (["compare"], ["--experiment"]),
        (["export", "baseline:bicubic", "--format", "onnx", "--out", "x.onnx"], ["baselines have no weights"]),
        (["serve", "baseline:bicubic"], ["baselines are not served"]),
    ],
)  # fmt: skip
def test_users_mistakes_are_one_line_and_status_2(
    arguments: list[str], words: list[str], small_dataset: Dataset, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run in this process, because starting an interpreter takes seconds."""
    monkeypatch.chdir(sem_home)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    lines = result.stderr.strip().splitlines()
    assert all(word in lines[-1] for word in words), lines
    assert "Traceback" not in result.output


def test_faults_of_ours_are_status_1(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sem_models.config.presets.table

    monkeypatch.setattr(sem_models.config.presets.table, "RECIPES", None)
    result = CliRunner().invoke(app, ["recipes"])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "sem-workbench-fault-" in result.stderr


def test_the_whole_way(sem_home: Path, raw_images: Path, tmp_path: Path) -> None:
    """prepare, train, evaluate, compare, register, predict, export; the last but one as a process of its own."""
    prepared = here("prepare", str(raw_images), "--name", "small")
    assert prepared["images"] == {"train": 4, "val": 1, "test": 1}
    assert here("prepare", str(raw_images), "--name", "small")["run_id"] == prepared["run_id"]
    steps = ["--set", "train.steps=20", "--set", "train.validate_every=10"]
    trained = here("train", "--recipe", "srresnet-x4-small", "--dataset", "small", "--experiment", "e", *TINY, *steps)
    assert trained["status"] == "FINISHED"
    run_id = trained["run_id"]
    scored = here("evaluate", run_id, "--dataset", "small")
    assert {"psnr_db", "ssim", "mse"} <= set(scored["means"][scored["model"]])
    baseline = here("evaluate", "baseline:bicubic", "--dataset", "small", "--scale", "4")
    assert baseline["means"]["baseline:bicubic"]["psnr_db"] == scored["means"]["baseline:bicubic"]["psnr_db"]
    compared = here("compare", "--experiment", "e")
    assert [row["run_id"] for row in compared["runs"]] == [run_id]
    registered = here("register", run_id, "--name", "m")
    assert registered["model"] == "models:/m@champion"

    deep = (np.random.default_rng(0).random((40, 50, 1)) * 9000).astype(np.uint16)
    (tmp_path / "in").mkdir()
    write_micrograph(tmp_path / "in" / "a.tif", Micrograph(deep, 8.0))
    (tmp_path / "in" / "bad.tif").write_bytes(b"II*\0")
    options = ("--databar", "keep", "--overwrite")
    predicted = ok("predict", "models:/m@champion", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *options)
    errors = [result["error"] for result in predicted["results"]]
    assert sum(error is not None for error in errors) == 1
    result = read_micrograph(tmp_path / "out" / "a.tif")
    assert result.pixels.shape == (160, 200, 1)
    assert result.pixels.dtype == np.uint16
    assert result.pixel_size_nm == pytest.approx(2.0)
    (step,) = result.history
    assert (step.origin, step.model, step.run) == ("restored", "models:/m@champion", run_id)
    assert (step.input, len(step.input_sha256)) == ("a.tif", 64)

    package = here("export", run_id, "--format", "bioimageio", "--out", str(tmp_path / "m.zip"))
    _check_package(Path(package["path"]))


def _check_package(path: Path) -> None:
    """The package passes the validator of its specification, and the stored weights give the stored output."""
    import zipfile

    import onnxruntime
    from bioimageio.spec import load_description

    description = load_description(path, perform_io_checks=True)
    assert description.validation_summary.status in ("passed", "valid-format"), description.validation_summary.display()
    # Otherwise bioimageio.core tests it with two images, which the exported network does not take.
    assert [tensor.axes[0].size for tensor in (*description.inputs, *description.outputs)] == [1, 1]
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.parent / "package")
    folder = path.parent / "package"
    session = onnxruntime.InferenceSession(str(next(folder.glob("*.onnx"))))
    native = np.load(folder / "input.npy")
    assert native.dtype == np.uint8
    (restored,) = session.run(None, {"image": (native / 255).astype(np.float32)})
    np.testing.assert_allclose(restored, np.load(folder / "output.npy") / 255, atol=1e-4)


@pytest.mark.faults
def test_interrupt_saves_and_resumes(sem_home: Path, small_dataset: Dataset) -> None:
    arguments = ["train", "--recipe", "srresnet-x4-small", "--dataset", "small", *TINY, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    long = [*arguments, "--set", "train.steps=100000", "--set", "train.validate_every=100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", *long], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        # Minutes on a machine that does other work; a test that fails must not leave it training.
        deadline = time.monotonic() + 180
        while not list((sem_home / "mlruns").glob("work/*/checkpoint-last")):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=90)
    finally:
        process.kill()
    assert process.returncode == 130
    result = json.loads(output.strip().splitlines()[-1])
    assert result["status"] == "KILLED"
    assert result["step"] >= 250
    from pipelines.tracking.runs import get_run

    assert get_run(result["run_id"]).status == "KILLED"
