"""What a file says about itself: read once, for the viewer and for its facts."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.viewing import files
from pipelines.viewing.files import open_image
from pipelines.viewing.inspection import content_key, inspect, read_facts
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

BAR = 20


@pytest.fixture
def recording(bare_home: Path) -> Path:
    """160 x 128 px of shot noise above a data bar of 20 rows of black with white text."""
    signal = np.full((128, 160), 0.4)
    grey = np.rint(np.random.default_rng(0).poisson(signal * 50) / 50 * 255).clip(1, 254).astype(np.uint8)
    bar = np.zeros((BAR, 160), np.uint8)
    bar[6:14, 10:120:4] = 255
    path = bare_home / "recording.tif"
    write_micrograph(path, Micrograph(np.concatenate([grey, bar])[..., None], 2.5, {"voltage_kv": 5.0}))
    return path


def test_facts_are_those_of_the_file(recording: Path) -> None:
    facts = read_facts(recording)
    assert (facts.width, facts.height, facts.dtype, facts.channels) == (160, 148, "uint8", 1)
    assert (facts.pixel_size_nm, facts.metadata["voltage_kv"]) == (2.5, 5.0)


def test_only_the_specimen_is_measured(recording: Path) -> None:
    found = inspect(recording, read_facts(recording))
    assert found.databar.rows == BAR
    assert found.quality is not None
    assert found.quality.measured_px == (128, 160)
    assert found.quality.noise_std == pytest.approx((0.4 / 50) ** 0.5, rel=0.1)
    assert found.quality.darkest < 0.01, "the black of the bar does not count as clipped"


def test_a_file_is_read_once(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = read_facts(recording)
    monkeypatch.setattr(files, "read_micrograph", lambda *_: pytest.fail("read again"))
    kept = open_image(recording)
    assert kept.levels[0].shape == (148, 160)
    assert inspect(recording, facts).quality


def test_colour_is_shown_and_not_measured(bare_home: Path) -> None:
    path = bare_home / "colour.png"
    colours = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    write_micrograph(path, Micrograph(colours, None))
    facts = read_facts(path)
    assert facts.channels == 3
    assert inspect(path, facts).quality is None


def test_a_missing_file_is_one_sentence(bare_home: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        content_key(bare_home / "none.tif")
