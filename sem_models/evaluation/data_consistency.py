"""Whether an output, sent through the known forward model, gives the input back to within white noise."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.images.intensity import UnitImage

_SMOOTH_PX = 1.0
"""Sigma by which the residual is smoothed, to see structure that is weaker than the noise of a pixel."""
_REGION_PX = 6.0
"""Sigma of the region whose residual is judged."""
REACH_PX = 32
"""How far around a pixel input and output are read: both Gaussians, cut off at four sigma, and a pixel."""
_TOLERATED = 0.004
"""Standard deviation of the smoothed residual that counts as none, in unit intensity."""
CONTRADICTS = 2.0
"""Ratio from which on a place contradicts the input."""


@dataclass(frozen=True)
class KnownForward:
    """How an input follows from what a model returns, apart from noise."""

    scale: int = 1
    """Bicubic reduction with anti-aliasing."""
    blur_px: float = 0.0
    """Sigma of a Gaussian."""

    @property
    def words(self) -> str:
        """What is compared with the input."""
        if self.scale > 1:
            return "the output, reduced to the size of the input,"
        return f"the output, blurred again by sigma {self.blur_px:g} px," if self.blur_px else "the output"

    def __call__(self, output: UnitImage) -> UnitImage:
        """Map (H x scale, W x scale) to (H, W), both in unit intensity."""
        if self.scale > 1:
            height, width = (size // self.scale for size in output.shape)
            whole = Image.fromarray(output[: height * self.scale, : width * self.scale].astype(np.float32))
            return np.asarray(whole.resize((width, height), Image.Resampling.BICUBIC))
        from scipy.ndimage import gaussian_filter  # the first page does without SciPy

        blurred: UnitImage = gaussian_filter(output, self.blur_px) if self.blur_px else output
        return blurred


def known_forward(recipe: Recipe) -> KnownForward | None:
    """Return the forward model of a restoration; None if it is unknown, or more than blur or reduction."""
    forward, facts = recipe.degradation, capabilities(recipe.network)
    if forward.lines or forward.grey_curve or facts.strength or facts.scale != forward.scale:
        # A model that is told the width of the blur makes a map of its own.
        return None
    if facts.scale > 1:
        return KnownForward(facts.scale) if forward.downsampling == "bicubic_aa" and not forward.blur else None
    if forward.blur is None:
        return KnownForward()
    smallest, largest = forward.blur.size_px
    gaussian = forward.blur.kernel == "gaussian" and forward.blur.region == "whole"
    return KnownForward(blur_px=smallest) if gaussian and smallest == largest else None


def contradiction(given: UnitImage, output: UnitImage, forward: KnownForward) -> UnitImage:
    """Compare an input with what the forward model makes of an output; (H, W), 1 where they differ by white noise.

    The residual is smoothed by 1 px. Its root mean square within about 6 px is divided by what white noise would leave,
    which is measured in the same region by diagonal differences (Donoho and Johnstone, 1994). It is larger where the
    model removed or invented structure, and where the noise itself is correlated.

    Args:
        given: The input, (H, W) in unit intensity.
        output: (H x scale, W x scale).
        forward: What is known about how inputs arise.
    """
    from scipy.ndimage import gaussian_filter  # the first page does without SciPy

    residual = given - forward(output)[: given.shape[0], : given.shape[1]]
    padded = np.pad(residual, ((0, 1), (0, 1)), mode="edge")
    diagonal = (padded[:-1, :-1] - padded[:-1, 1:] - padded[1:, :-1] + padded[1:, 1:]) / 2
    noise = gaussian_filter(diagonal**2, _REGION_PX) / (4 * math.pi * _SMOOTH_PX**2)
    structure = gaussian_filter(gaussian_filter(residual, _SMOOTH_PX) ** 2, _REGION_PX)
    ratio: UnitImage = np.sqrt(structure / (noise + _TOLERATED**2)).astype(np.float32)
    return ratio


def contradicting_share(ratio: UnitImage) -> float:
    """Return the fraction of an image where the ratio of `contradiction` is above 2."""
    return float((ratio > CONTRADICTS).mean())
