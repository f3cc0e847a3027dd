"""Defects of a 16-bit recording are found whatever else is in it, and by whoever looks for them."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sem_models.evaluation.recording_quality import recording_quality
from sem_models.images.micrograph import Micrograph
from sem_models.physics.find_in_recording import find_in_recording
from sem_models.tasks.inpainting import found_defects

DEAD, GREY, CHARGED = 100, 200, 300


def recording(saturated: int) -> tuple[np.ndarray, np.ndarray]:
    """A 12-bit specimen from 1000 to 3000 with a dead, a grey and a charged line, and lines at the end of 16 bits."""
    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.standard_normal((384, 512)), 6)
    image = 1000 + 2000 * (smooth - smooth.min()) / np.ptp(smooth) + rng.normal(0, 60, smooth.shape)
    rows = [DEAD, GREY, CHARGED, *range(320, 320 + 20 * saturated, 20)]
    image[DEAD], image[GREY] = 0, 900
    image[CHARGED] += 600
    image[rows[3:]] = 65535
    defective = np.zeros(len(image), bool)
    defective[rows] = True
    return np.rint(image.clip(0)).astype(np.uint16), defective


@pytest.mark.parametrize("saturated", [0, 1, 3])
def test_saturated_lines_do_not_hide_other_defects(saturated: int) -> None:
    image, defective = recording(saturated)
    found = found_defects(Micrograph(image[..., None]))
    assert found[defective].mean(axis=1) == pytest.approx(1, abs=0.05)
    assert not found[~defective].any()


@pytest.mark.parametrize("saturated", [0, 1, 3])
def test_lines_without_signal_are_counted_beside_saturated_ones(saturated: int) -> None:
    """The charged line has a signal."""
    assert recording_quality(recording(saturated)[0]).lines_without_signal == 2 + saturated


def test_it_ends_where_nothing_good_is_left_and_after_three_looks() -> None:
    image, looks = np.arange(4000, dtype=np.float32).reshape(50, 80), []

    def everything(unit: np.ndarray) -> np.ndarray:
        looks.append(unit)
        return np.ones(unit.shape, bool)

    def brightest(unit: np.ndarray) -> np.ndarray:
        looks.append(unit)
        return unit > 0.9

    assert find_in_recording(image, everything).all()
    assert len(looks) == 1
    assert find_in_recording(image, brightest).any()
    assert len(looks) == 1 + 3
