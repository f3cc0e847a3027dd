"""Dents: places where a thin specimen is bent, thinner or thicker, so that its lattice appears darker or brighter.

They can be measured on a micrograph (the recipe of a published CycleGAN study of dented lattices) or drawn at random.
"""

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter, minimum_filter, uniform_filter

from sem_models.config.frozen import Frozen

DentVariant = Literal["mask", "mask_2", "mask_3_average"]

_EROSION = 7
_AVERAGE = 11
_COUNT = (1, 4)
_WIDTH_PERIODS = (2.0, 8.0)
_DEPTH = (0.05, 0.22)
_FWHM = 2 * math.sqrt(2 * math.log(2))

Width = Annotated[float, Field(gt=0)]
Field2D = NDArray[np.float32]


class Dent(Frozen):
    """One elliptical Gaussian depression (negative depth) or bump."""

    centre_px: tuple[float, float]
    """Row and column."""
    width_px: tuple[Width, Width]
    """Full widths at half maximum of its two axes."""
    angle_deg: float
    """Direction of the first axis, from the columns' axis towards the rows'."""
    depth: float
    """Signal at its centre, as a fraction of the intensity range."""


def dent_mask(image: Field2D, variant: DentVariant = "mask", window: int = 5, sigma_px: float = 2.0) -> Field2D:
    """Extract the bright low-frequency part of a micrograph, to be added to a simulated lattice.

    The mean is subtracted, the result is smoothed by a moving average and stretched to 0 to 255, values below 128 are
    set to 0, and the rest is blurred by a Gaussian. Before the moving average, `mask_2` erodes (minimum over 7 x 7) and
    `mask_3_average` averages over 11 x 11. Borders are mirrored.

    Args:
        image: (H, W), any range.
        variant: Filter before the moving average.
        window: Edge length of the moving average in px. The study states 5 x 5 in one place and radius 5, which is 11,
            in another.
        sigma_px: Standard deviation of the Gaussian blur.

    Returns:
        (H, W) float32 in [0, 1], where 1 corresponds to 255; 0 everywhere if the averaged image is flat.
    """
    signal = image.astype(np.float64) - float(np.mean(image, dtype=np.float64))
    if variant == "mask_2":
        signal = minimum_filter(signal, _EROSION, mode="reflect")
    elif variant == "mask_3_average":
        signal = uniform_filter(signal, _AVERAGE, mode="reflect")
    signal = uniform_filter(signal, window, mode="reflect")
    lowest, highest = float(signal.min()), float(signal.max())
    # The moving average leaves rounding errors, which would look like structure if stretched to 255.
    if highest - lowest <= 1e-9 * max(float(np.abs(image).max()), 1e-30):
        return np.zeros(image.shape, np.float32)
    levels = 255 * (signal - lowest) / (highest - lowest)
    kept = np.where(levels < 128, 0.0, levels)
    mask: Field2D = (gaussian_filter(kept, sigma_px, mode="reflect") / 255).astype(np.float32)
    return mask


def draw_dents(shape: tuple[int, int], period_px: float, generator: np.random.Generator) -> tuple[Dent, ...]:
    """Draw one to four dents anywhere in the field, 2 to 8 periods wide along each axis, at any angle, up or down.

    A Gaussian two periods wide has 7e-7 of its amplitude at one cycle per period, so dents and lattice do not share
    frequencies.
    """
    drawn = []
    for _ in range(int(generator.integers(_COUNT[0], _COUNT[1], endpoint=True))):
        centre, widths = generator.uniform((0, 0), shape), period_px * generator.uniform(*_WIDTH_PERIODS, 2)
        angle, sign = float(generator.uniform(0, 180)), 1 if generator.random() < 0.5 else -1
        depth = sign * float(generator.uniform(*_DEPTH))
        drawn.append(
            Dent(
                centre_px=(float(centre[0]), float(centre[1])),
                width_px=(float(widths[0]), float(widths[1])),
                angle_deg=angle,
                depth=depth,
            )
        )
    return tuple(drawn)


def dent_field(dents: tuple[Dent, ...], shape: tuple[int, int]) -> Field2D:
    """Return the sum of the dents, (H, W) float32, roughly in [-1, 1], to be added to unit intensity."""
    field = np.zeros(shape)
    for dent in dents:
        down = np.arange(shape[0])[:, None] - dent.centre_px[0]
        right = np.arange(shape[1]) - dent.centre_px[1]
        sine, cosine = math.sin(math.radians(dent.angle_deg)), math.cos(math.radians(dent.angle_deg))
        along, across = right * cosine + down * sine, down * cosine - right * sine
        squares = (along * _FWHM / dent.width_px[0]) ** 2 + (across * _FWHM / dent.width_px[1]) ** 2
        field += dent.depth * np.exp(-squares / 2)
    return field.astype(np.float32)


def random_dents(shape: tuple[int, int], period_px: float, generator: np.random.Generator) -> Field2D:
    """Draw an additive field, (H, W) float32, of one to four random dents."""
    return dent_field(draw_dents(shape, period_px, generator), shape)


def add_dents(image: Field2D, dents: Field2D, weight: float) -> Field2D:
    """Add `weight` times `dents` to `image` and clip to [0, 1]; all (H, W) float32."""
    return np.clip(image + np.float32(weight) * dents, 0, 1)
