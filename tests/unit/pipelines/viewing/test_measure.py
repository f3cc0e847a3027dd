"""Profiles against SciPy, differences against numpy, and derived images against the same done at once."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, map_coordinates

from pipelines.viewing import derived
from pipelines.viewing.codes import GreyCode, encode
from pipelines.viewing.measure import difference, line_profile
from pipelines.viewing.pyramid import ImageFacts, Pyramid, build_pyramid
from sem_models.evaluation.metrics.regions import response_map
from sem_models.physics.downsampling import upsample

RNG = np.random.default_rng(1)


def pyramid(grey: np.ndarray) -> Pyramid:
    return build_pyramid(*encode(grey), ImageFacts(str(grey.dtype)))


@pytest.mark.parametrize(
    ("start", "end"), [((3.2, 4.9), (60.1, 31.7)), ((50.0, 2.0), (50.0, 39.0)), ((0, 0), (70, 40))]
)
def test_profile_interpolates_as_scipy_does(start: tuple[float, float], end: tuple[float, float]) -> None:
    grey = RNG.integers(0, 65535, (40, 70), np.uint16)
    values = line_profile(pyramid(grey), start, end)
    assert len(values) == np.ceil(np.hypot(end[0] - start[0], end[1] - start[1])) + 1
    share = np.linspace(0, 1, len(values))
    x, y = (start[axis] + share * (end[axis] - start[axis]) - 0.5 for axis in (0, 1))
    wanted = map_coordinates(grey.astype(float), [y, x], order=1, mode="nearest")
    np.testing.assert_allclose(values, wanted, atol=1e-6)


def test_a_wide_profile_is_the_mean_of_parallel_ones() -> None:
    grey = RNG.integers(0, 255, (40, 70), np.uint8)
    values = line_profile(pyramid(grey), (10.5, 20.5), (30.5, 20.5), across_px=3)
    np.testing.assert_allclose(values, grey[19:22, 10:31].mean(axis=0))


def test_a_point_and_a_line_across_a_huge_image() -> None:
    huge = Pyramid((np.broadcast_to(np.uint8(9), (60000, 60000)),), GreyCode())
    assert line_profile(huge, (5, 5), (5, 5)).tolist() == [9, 9]
    assert len(line_profile(huge, (0, 0), (60000, 60000))) == 8192


def test_difference_in_a_field() -> None:
    output, reference = RNG.normal(size=(2, 60, 80)).astype(np.float32)
    found = difference(pyramid(output), pyramid(reference), (10, 20, 50, 45))
    values = (output - reference)[20:45, 10:50]
    assert found.rms == pytest.approx(np.sqrt((values**2).mean()), rel=1e-3)
    assert found.largest == pytest.approx(np.percentile(np.abs(values), 99.5), rel=1e-3)
    assert found.every == 1
    assert difference(pyramid(output), pyramid(reference), (-5, 90, 0, 99)).every == 1, "outside: the nearest edge"


def test_bicubic_is_that_of_the_baseline(bare_home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bands of rows join without a seam; the output may be cut to less than a whole number of input pixels."""
    monkeypatch.setattr(derived, "_BAND", 32)
    grey = RNG.integers(0, 65535, (33, 21), np.uint16)
    found = derived.bicubic("key", pyramid(grey), pyramid(np.zeros((130, 83), np.uint8)), 4).levels[0]
    wanted = upsample(torch.tensor(grey[None, None].astype(np.float32)), 4)[0, 0].numpy()[:130, :83]
    assert np.abs(found - np.clip(wanted, 0, 65535)).max() <= 0.51


def test_response_in_bands_is_that_of_the_whole(bare_home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "_BAND", 100)
    smooth = 128 + 400 * gaussian_filter(RNG.normal(size=(330, 60)), 2) * np.linspace(0.2, 1, 330)[:, None]
    given, output = (np.clip(np.rint(gaussian_filter(smooth, width)), 0, 255).astype(np.uint8) for width in (1, 0))
    found = derived.response("key", pyramid(given), pyramid(output))
    wanted = response_map(*((image / 255).astype(np.float32) for image in (given, output)))
    assert wanted.mean() > 0.1
    np.testing.assert_allclose(found.code.values(found.levels[0]), np.clip(wanted, 0, 1), atol=1e-4)
