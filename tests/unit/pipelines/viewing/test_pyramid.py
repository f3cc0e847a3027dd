"""Levels, codes and summaries of a pyramid against scikit-image, numpy and the values themselves."""

import numpy as np
import pytest
from skimage.transform import downscale_local_mean

from pipelines.viewing.codes import GreyCode, encode
from pipelines.viewing.pyramid import mean_levels
from pipelines.viewing.summary import summarise

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("shape", "dtype"), [((1024, 600), np.uint16), ((517, 1031), np.uint8), ((3, 700), np.uint16)])
def test_levels_are_means_of_the_image(shape: tuple[int, int], dtype: type) -> None:
    """Blocks at odd edges are means of fewer pixels: a mean over the image and one over its size, both padded by 0."""
    codes = RNG.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    levels = mean_levels(codes)
    assert max(levels[-1].shape) <= 256 < max(levels[-2].shape if len(levels) > 1 else codes.shape)
    for k, level in enumerate(levels, 1):
        block = (2**k, 2**k)
        means = downscale_local_mean(codes.astype(float), block) / downscale_local_mean(np.ones(shape), block)
        assert level.dtype == dtype
        assert level.shape == means.shape
        assert np.abs(level - means).max() <= 0.5 + 1e-6


def test_a_small_image_has_no_further_level() -> None:
    assert mean_levels(np.zeros((256, 200), np.uint8)) == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_integers_come_back_exactly(dtype: type) -> None:
    grey = RNG.integers(0, 250, (40, 50), dtype) + dtype(5 if dtype == np.uint8 else 5000)
    codes, code = encode(grey)
    np.testing.assert_array_equal(code.values(codes), grey)


def test_floats_come_back_to_one_part_of_65535() -> None:
    grey = RNG.normal(-3, 10, (300, 50)).astype(np.float32)
    grey[0, 0] = np.nan
    codes, code = encode(grey)
    span = np.nanmax(grey) - np.nanmin(grey)
    assert codes.dtype == np.uint16
    assert np.nanmax(np.abs(code.values(codes) - grey)) <= 0.5001 * span / 65535


def test_summary_of_one_grey_value_and_of_many() -> None:
    flat = summarise(np.full((8, 8), 7, np.uint8), GreyCode())
    assert flat.window == (7, 8)
    codes = RNG.integers(1000, 2000, (500, 400), np.uint16)
    codes[0, 0] = 60000
    found = summarise(codes, GreyCode(10, 2))
    assert found.window == pytest.approx(tuple(10 + 2 * np.percentile(codes, (0.5, 99.5))), abs=2)
    assert found.median == pytest.approx(10 + 2 * np.median(codes), abs=2)
    assert found.mean == pytest.approx(10 + 2 * codes.mean())
    assert (found.lowest, found.highest) == (10 + 2 * codes.min(), 120010)
    assert found.domain[1] < 7000, "one hot pixel does not squeeze the histogram"
    assert sum(found.histogram) == codes.size
