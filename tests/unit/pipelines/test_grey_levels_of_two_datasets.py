"""Models with intensity limits of other datasets keep the grey levels in round trips, consistency and downstream."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from pipelines.evaluate import downstream as worth
from pipelines.evaluate import mask_consistency as consistency
from pipelines.evaluate import round_trip as trip
from pipelines.evaluate.requests import DownstreamRequest, MaskConsistencyRequest, RoundTripRequest
from pipelines.models import ResolvedModel
from pipelines.predict.label_models import LabelModel
from sem_models.config.degradation import Degradation
from sem_models.config.intensity import IntensityLimits, RoleLimits, TypeLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.evaluation.mask_consistency import GENERATED, REAL
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

DARK, BRIGHT = 2000, 6000
"""Grey levels of both classes, which are recorded with a noise of 200."""

GREY = Capabilities(channels_in=1, channels_out=1, scale=1, receptive_field=0)


def of(lo: float, hi: float) -> RoleLimits:
    return (TypeLimits(dtype="uint16", parts=((lo, hi),)),)


@dataclass(frozen=True)
class Model:
    """A function in unit intensity by limits of its own."""

    function: Callable[[Tensor], Tensor]
    limits: IntensityLimits
    capabilities: Capabilities = GREY
    name: str = "model"

    def __call__(self, x: Tensor) -> Tensor:
        return self.function(x)


def write(folder: Path, images: list[np.ndarray]) -> Path:
    folder.mkdir()
    for index, pixels in enumerate(images):
        write_micrograph(folder / f"s{index}_x.tif", Micrograph(pixels[..., None]))
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    return tmp_path


@pytest.fixture
def domains(home: Path) -> Dataset:
    rng = np.random.default_rng(0)
    first, second = (
        write(home / name, [rng.integers(1000, 3000, (64, 96)).astype(np.uint16) for _ in range(6)]) for name in "ab"
    )
    options = PrepareOptions(name="x", raw=(first,), target=second, kind="unpaired", group_by="^(s.)")
    return write_dataset(plan_dataset(options), home / "datasets" / "x")


@pytest.mark.parametrize(
    ("first", "between", "again", "gain"),
    [
        (of(0, 4000), of(0, 100), of(0, 200), 2.0),
        # There is no such grey level in the training of the first model: 0 and 1 are what they are in the dataset.
        (of(0, 10), of(0, 100), of(0, 200), 2.0),
        (of(0, 10), of(0, 100), of(0, 100), 1.0),
    ],
)
def test_exact_inverses_give_the_image_back(
    domains: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    first: RoleLimits,
    between: RoleLimits,
    again: RoleLimits,
    gain: float,
) -> None:
    """The second domain is the first one divided by 40, and both models know it in limits of their own."""
    models = {
        "there": Model(lambda x: x, IntensityLimits(input=first, output=between)),
        "back": Model(lambda x: gain * x, IntensityLimits(input=again, output=first)),
    }
    monkeypatch.setattr(
        trip, "resolve_model", lambda ref, scale: ResolvedModel(models[ref], None, Degradation(scale=1))
    )
    request = RoundTripRequest.model_construct(there="there", back="back", dataset="x", split="test")
    scores = trip.round_trip(request)[0].scores
    assert scores["psnr_db"].mean > 90
    assert scores["ssim"].mean > 0.9999


@pytest.fixture
def masked(home: Path) -> Dataset:
    rng = np.random.default_rng(0)
    classes = [gaussian_filter(rng.standard_normal((96, 96)), 6) > 0 for _ in range(6)]
    images = [np.where(one, BRIGHT, DARK) + rng.normal(0, 200, one.shape) for one in classes]
    raw = write(home / "images", [image.astype(np.uint16) for image in images])
    masks = write(home / "masks", [one.astype(np.uint8) for one in classes])
    options = PrepareOptions(name="x", raw=(raw,), masks=masks, kind="masked", group_by="^(s.)")
    return write_dataset(plan_dataset(options), home / "datasets" / "x")


def drawing(most: float) -> Model:
    """Draws the grey levels of both classes, from a training in which `most` was 1."""
    greys = torch.tensor([DARK, BRIGHT])[:, None, None] / most
    limits = IntensityLimits(output=of(0, most))
    return Model(lambda x: (x * greys).sum(1, keepdim=True), limits, Capabilities(2, 1, 1, 0))


def finding(most: float) -> Model:
    """Finds the brighter class above the mean of both grey levels, from a training in which `most` was 1."""
    between = (DARK + BRIGHT) / 2 / most
    limits = IntensityLimits(input=of(0, most))
    return Model(lambda x: torch.cat([between - x, x - between], 1), limits, Capabilities(1, 2, 1, 0))


def use(module: object, monkeypatch: pytest.MonkeyPatch, dataset: Dataset, draws: Model, finds: Model) -> None:
    """Have the use case apply these models, and keep nothing in a store."""
    recipe = find_recipe("unet-segment-small").model_copy(update={"labels": (0, 1)})
    models = {
        name: LabelModel(model, recipe, name * 8, dataset.manifest) for name, model in (("d", draws), ("f", finds))
    }
    monkeypatch.setattr(module, "label_model", lambda ref, _task: models[ref])
    monkeypatch.setattr(module, "refuse_leakage", lambda *_: None)
    for name in ("_store", "attach_dataset", "keeper_of", "log_dataset", "own_dataset"):
        monkeypatch.setattr(module, name, lambda *_: None, raising=False)


@pytest.mark.parametrize(("drawn", "found"), [(10_000, 10_000), (40_000, 10_000), (10_000, 40_000)])
def test_masks_are_found_at_the_grey_levels_that_were_drawn(
    masked: Dataset, monkeypatch: pytest.MonkeyPatch, drawn: float, found: float
) -> None:
    use(consistency, monkeypatch, masked, drawing(drawn), finding(found))
    request = MaskConsistencyRequest.model_construct(synthesiser="d", segmenter="f", dataset="x", split="test")
    report, _ = consistency.score_mask_consistency(request)
    assert {method: report.interval(method, "dice").mean for method in (GENERATED, REAL)} == {GENERATED: 1, REAL: 1}


class Drawn(Exception):
    """Training would begin now."""


def test_drawings_are_stored_in_the_grey_levels_of_the_dataset(
    masked: Dataset, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    def stop(*_: object) -> None:
        raise Drawn

    use(worth, monkeypatch, masked, drawing(10_000), finding(10_000))
    monkeypatch.setattr(worth, "train_to_the_end", stop)
    request = DownstreamRequest.model_construct(
        synthesiser="d", dataset="x", recipe="unet-segment-small", seeds=1, changes=()
    )
    with pytest.raises(Drawn):
        worth.downstream(request)
    both = open_dataset(home / "datasets" / f"x-both-{'d' * 8}")
    for entry in both.entries("train"):
        image, bright = both.unit(entry, "image")[0], both.array(entry, "mask")[..., 0] == 1
        lo, hi = masked.entries("train")[0].array("image").intensity
        found = [image[where].mean() * (hi - lo) + lo for where in (~bright, bright)]
        assert found == pytest.approx([DARK, BRIGHT], abs=20), entry.name
