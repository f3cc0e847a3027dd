"""What the inputs of a training look like is measured on its own images and stored with every checkpoint."""

from pathlib import Path

import numpy as np
import pytest

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.input_check.stored import stored_reference
from sem_models.training.checkpoint import BEST
from sem_models.training.learned_inputs import input_reference, learned_inputs, training_input
from sem_models.training.trainer import train
from tests.support.images import smooth_images
from tests.support.recorder import Recorder
from tests.support.small_recipes import short

DENOISE = override(short("nafnet-denoise"), ["degradation.dose_e_per_px=50", "train.steps=1", "train.patch=32"])


def dataset(folder: Path, size: int) -> Dataset:
    raw = folder / f"raw-{size}"
    raw.mkdir()
    for index, image in enumerate(smooth_images(8, size)):
        write_micrograph(raw / f"S{index}-a.tif", Micrograph(image[:, :, None], 2.5))
    return write_dataset(plan_dataset(PrepareOptions(name="large", raw=(raw,))), folder / f"large-{size}")


def test_a_checkpoint_knows_the_inputs_of_its_training(tmp_path: Path) -> None:
    images = dataset(tmp_path, 144)
    train(DENOISE, images, tmp_path / "run", Recorder())
    learned = stored_reference(tmp_path / "run" / BEST)
    assert learned is not None
    assert learned == learned_inputs(DENOISE, images), "the same each time"
    inputs = [training_input(images, entry, DENOISE.degradation, 0) for entry in images.entries("val")]
    checks = [learned.check(image) for image in inputs]
    assert [check.warning for check in checks if check] == [""] * len(inputs)
    noise = learned.check(np.random.default_rng(0).normal(size=(144, 144)))
    assert noise is not None
    assert "stands out from the noise" in noise.warning


def test_what_cannot_be_measured_is_unknown(tmp_path: Path) -> None:
    images = dataset(tmp_path, 144)
    assert learned_inputs(find_recipe("inpaint-lines-small"), images) is None, "the input is more than an image"
    assert input_reference(dataset(tmp_path, 96), (DENOISE.degradation,)) is None, "of small images all would be chance"
    few = input_reference(images, (DENOISE.degradation,), lambda entry: entry.name.startswith("S0"))
    assert few is None


@pytest.mark.parametrize("draw", [0, 1])
def test_inputs_are_degraded_by_the_forward_model(tmp_path: Path, draw: int) -> None:
    images = dataset(tmp_path, 144)
    entry = images.entries("train")[0]
    clean = images.unit(entry, "image")[0]
    given = training_input(images, entry, DENOISE.degradation, draw)
    assert np.var(given - clean) == pytest.approx(clean.mean() / 50, rel=0.25), "shot noise of 50 e/px"
    assert not np.array_equal(given, training_input(images, entry, DENOISE.degradation, 1 - draw))
