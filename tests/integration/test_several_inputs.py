"""Inputs of six channels from two files: prepare, train, evaluate, predict, export and serve.

No set of light and electron micrographs of one field is at hand. Colour pairs of thin sections with the label picture
of their phases exercise the path; they say nothing about how well light predicts an electron micrograph.
"""

import base64
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from mlflow import pyfunc
from mlflow.exceptions import MlflowException
from PIL import Image

from pipelines.data.prepare import prepare
from pipelines.data.requests import PrepareRequest
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.model_ref import RegistryRef, RunRef
from pipelines.models import channels_taken, resolve_model
from pipelines.predict.files import predict
from pipelines.predict.requests import PredictRequest
from pipelines.release.export import export
from pipelines.release.register import register
from pipelines.release.requests import ExportRequest, RegisterRequest
from pipelines.tracking.registry import COLUMN, find_version
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.degradation import Degradation
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import Optimiser, TrainSettings
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from tests.support.tiff import decode_tiff


def recipe(steps: int) -> Recipe:
    return Recipe(
        name="six",
        summary="Two colour images to one grey.",
        task="translation",
        network=UNetConfig(channels_in=6, depth=3, width=8),
        degradation=Degradation(scale=1),
        optimiser=Optimiser(lr=2e-3),
        train=TrainSettings(steps=steps, batch=2, patch=64, validate_every=steps, log_every=5),
    )


def save(folder: Path, name: str, pixels: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(folder / name)


def trained(home: Path, steps: int) -> str:
    """A run on `ppl` + `xpl` -> `grey` below `home`."""
    request = PrepareRequest(
        name="six",
        raw=(home / "ppl",),
        kind="paired",
        target=home / "grey",
        databar_rows=0,
        extra_inputs=(home / "xpl",),
    )
    prepare(request)
    run_id = create_training(recipe(steps), "six")
    run_training(run_id)
    return run_id


@pytest.fixture
def run(sem_home: Path) -> str:
    rng = np.random.default_rng(0)
    for index in range(3):
        ppl, xpl = (rng.integers(0, 255, (72, 100, 3)) for _ in range(2))
        save(sem_home / "ppl", f"f{index}_ppl.png", ppl)
        save(sem_home / "xpl", f"f{index}_xpl.png", xpl)
        save(sem_home / "grey", f"f{index}.png", xpl.mean(axis=2))
    return trained(sem_home, 6)


def test_prediction_is_the_network_on_the_stack(run: str, sem_home: Path) -> None:
    assert channels_taken(RunRef(run)) == 6
    ppl, xpl = sem_home / "ppl" / "f1_ppl.png", sem_home / "xpl" / "f1_xpl.png"
    with pytest.raises(UserError, match=r"f1_ppl\.png has 3 channel.* takes 6; give the other 3 as extra_inputs"):
        predict(PredictRequest(model=run, inputs=[ppl], out=sem_home / "out"))
    (result,) = predict(PredictRequest(model=run, inputs=[ppl], out=sem_home / "out", extra_inputs=[sem_home / "xpl"]))
    assert (Path(result.source).name, [Path(name).name for name in result.extra_inputs]) == (
        "f1_ppl.png",
        ["f1_xpl.png"],
    )
    written = read_micrograph(Path(str(result.output)))
    assert written.pixels.shape == (72, 100, 1)
    with tifffile.TiffFile(str(result.output)) as file:
        assert "applied to f1_ppl.png + f1_xpl.png" in str(file.ome_metadata)
    stack = np.concatenate([np.asarray(Image.open(path)) for path in (ppl, xpl)], axis=2)
    x = torch.from_numpy(stack.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    padded = torch.nn.functional.pad(x, (0, 4, 0, 0), mode="reflect")
    expected = resolve_model(RunRef(run)).model(padded)[0, 0, :, :100].numpy()
    assert np.abs(written.pixels[..., 0] - np.clip(expected * 255, 0, 255)).max() <= 0.51


def test_it_is_served_as_pages_and_as_channels(run: str, sem_home: Path) -> None:
    parts = [np.asarray(Image.open(sem_home / kind / f"f0_{kind}.png")) for kind in ("ppl", "xpl")]
    pages, page, short = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with tifffile.TiffWriter(pages) as writer:
        for part in parts:
            writer.write(part, photometric="rgb")
    tifffile.imwrite(page, np.concatenate(parts, axis=2), photometric="minisblack", planarconfig="contig")
    tifffile.imwrite(short, parts[0], photometric="rgb")
    register(RegisterRequest(run=run, name="six"))
    served = pyfunc.load_model(find_version(RegistryRef("six", "champion")).source)

    def ask(content: io.BytesIO) -> np.ndarray:
        sent = base64.b64encode(content.getvalue()).decode()
        (answer,) = served.predict(pd.DataFrame({COLUMN: [sent]}))[COLUMN]
        return decode_tiff(base64.b64decode(answer)).pixels

    ppl, xpl = sem_home / "ppl" / "f0_ppl.png", sem_home / "xpl" / "f0_xpl.png"
    (local,) = predict(
        PredictRequest(model="models:/six@champion", inputs=[ppl], out=sem_home / "o", extra_inputs=[xpl])
    )
    expected = read_micrograph(Path(str(local.output))).pixels
    assert np.array_equal(ask(pages), expected)
    assert np.array_equal(ask(page), expected)
    with pytest.raises(
        MlflowException, match="have 3 channels in total, but the model expects 6; send one page for each"
    ):
        ask(short)
    assert channels_taken(RegistryRef("six", "champion")) == 6


def test_export_takes_every_size_that_the_network_does(run: str, sem_home: Path) -> None:
    import onnxruntime
    from bioimageio.spec import load_description

    package = export(ExportRequest(model=run, format="bioimageio", out=sem_home / "six.zip"))
    with zipfile.ZipFile(package) as content:
        (path,) = (content.extract(name, sem_home) for name in content.namelist() if name.endswith(".onnx"))
    image = np.random.default_rng(0).random((1, 6, 88, 136), dtype=np.float32)
    (restored,) = onnxruntime.InferenceSession(path).run(None, {"image": image})
    expected = resolve_model(RunRef(run)).model(torch.from_numpy(image)).cpu().numpy()
    np.testing.assert_allclose(restored, expected, atol=1e-4)
    description = load_description(package, perform_io_checks=True)
    assert description.validation_summary.status in ("passed", "valid-format")


@pytest.mark.realdata
def test_real_thin_sections_learn_and_beat_the_identity(sem_home: Path, shared_data: Path) -> None:
    """Quarters of two fields; targets are phases 0 to 4 as grey levels. This tests the workflow, not the physics."""
    folder = shared_data / "ppl_xpl_sandstone"
    for name in ("3a", "9a"):
        whole = {
            "ppl": np.asarray(Image.open(folder / "paralelos" / f"{name}_paralelos.jpg")),
            "xpl": np.asarray(Image.open(folder / "cruzados" / f"{name}_cruzados.jpg")),
            "grey": tifffile.imread(folder / "masks" / f"{name}_mascara.ome.tiff") * 60,
        }
        for quarter in range(4):
            part = np.s_[quarter // 2 * 600 :, quarter % 2 * 800 :]
            for kind, image in whole.items():
                save(sem_home / kind, f"{name}-q{quarter}_{kind}.png".replace("_grey", ""), image[part][:240, :320])
    report, _ = evaluate(EvaluateRequest(model=trained(sem_home, 60), dataset="six"))
    assert report.methods[1:] == ("baseline:identity", "baseline:constant")
    assert report.mean(report.model, "psnr_db").mean > report.mean("baseline:identity", "psnr_db").mean
    constant, _ = evaluate(EvaluateRequest(model="baseline:constant", dataset="six"))
    assert constant.values("baseline:constant", "mse") == report.values("baseline:constant", "mse")
