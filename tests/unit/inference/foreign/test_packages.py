"""BioImage.IO packages give through an import what the specification says, here computed in numpy."""

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("bioimageio.spec")
pytest.importorskip("onnxruntime")

from bioimageio.spec.model import v0_5 as spec

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.images.micrograph import Micrograph
from sem_models.inference.foreign.bioimage import read_package
from sem_models.inference.foreign.model import ForeignModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import build_model
from tests.support.foreign_models import blurred, conv_package

HALVE = spec.ScaleLinearDescr(kwargs=spec.ScaleLinearKwargs(gain=1 / 200, offset=-0.1))
DOUBLE = spec.ScaleLinearDescr(kwargs=spec.ScaleLinearKwargs(gain=200, offset=20))
STANDARD = spec.ZeroMeanUnitVarianceDescr()
RANGE = spec.ScaleRangeDescr(kwargs=spec.ScaleRangeKwargs(min_percentile=1, max_percentile=99))
CLIP = spec.ClipDescr(kwargs=spec.ClipKwargs(min=-1, max=1))


def predicted(model: ForeignModel, pixels: np.ndarray, tile: int | None = None) -> np.ndarray:
    recipe = Recipe(name="n", summary="s", task="denoising", network=model.network, limits=model.limits)
    applied = build_model(recipe, model.weights, torch.device("cpu"))
    return Predictor(applied, "cpu", tile=tile).predict(Micrograph(pixels[:, :, None], 1.0)).pixels[..., 0]


@pytest.mark.parametrize(
    ("dtype", "before", "after"),
    [
        ("uint8", [HALVE], [DOUBLE]),
        ("uint16", [], []),
        ("float32", [STANDARD], []),
        ("float32", [RANGE, CLIP], [DOUBLE]),
        ("uint8", [STANDARD, CLIP], []),
    ],
)
def test_outputs_are_those_of_the_specification(dtype: str, before: list, after: list, tmp_path: Path) -> None:
    model = read_package(conv_package(tmp_path / "p.zip", dtype=dtype, before=before, after=after))
    assert model.difference <= 1e-4
    facts = capabilities(model.network)
    assert (facts.scale, facts.size_multiple) == (1, 4)
    normalised = any(step in (STANDARD, RANGE) for step in before)
    assert facts.tiling == ("discouraged" if normalised else "supported")
    assert facts.halo == (0 if normalised else 4)
    assert "A. Author" in model.note
    assert "MIT" in model.note


@pytest.mark.parametrize(("before", "after"), [([HALVE], [DOUBLE]), ([], []), ([STANDARD], [])])
def test_grey_levels_of_a_file_are_kept(before: list, after: list, tmp_path: Path) -> None:
    """A blur has the same result in any linear units, but for the edge, where these packages differ by what is 0."""
    model = read_package(conv_package(tmp_path / "p.zip", dtype="uint8", before=before, after=after))
    pixels = np.random.default_rng(1).integers(30, 190, (60, 70)).astype(np.uint8)
    expected = blurred(pixels[None, None])[0, 0]
    found = predicted(model, pixels, tile=None if before == [STANDARD] else 24)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found[1:-1, 1:-1], expected[1:-1, 1:-1], atol=0.51)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"output_offset": 1}, "differs by"),
        ({"channels": 2}, "2 channels"),
        ({"before": [spec.BinarizeDescr(kwargs=spec.BinarizeKwargs(threshold=0.5))]}, "'binarize'"),
    ],
)
def test_what_cannot_be_applied_is_refused(changes: dict, said: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tests.support.foreign_models._applied", lambda values, _: values)
    with pytest.raises(UserError, match=said):
        read_package(conv_package(tmp_path / "p.zip", **changes))
