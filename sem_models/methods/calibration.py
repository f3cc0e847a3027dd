"""What is measured on validation images for a finished network: whether, and how, it uses recorded pixels."""

from typing import NamedTuple, Protocol

import numpy as np
import torch

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.evaluation.restoration import make_case
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import RestorationModel
from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.methods.posterior_fit import PixelNoise, fit_posterior, residual_correlation
from sem_models.physics.noise_estimate.estimate import pooled_line_noise, pooled_noise

_CROPS, _EDGE_PX = 16, 160
_NOISE_EDGE_PX = 1024
_CORRELATED = 0.2
"""Difference of the correlation of neighbouring residuals from that of the measured noise above which the two do not
belong together."""


class Calibrated(NamedTuple):
    """What was measured for one state of a network."""

    posterior: PixelPosterior | None = None
    warning: str = ""
    """Why there is none although the recipe asks for it; empty otherwise."""


class Calibration(Protocol):
    """Built once for a run, so that every state of the network is measured on the same images."""

    def __call__(self, model: RestorationModel) -> Calibrated:
        """Measure what belongs to the present weights of `model`."""


class PosteriorCalibration:
    """Measures noise and residuals on recorded validation images; clean images are never used."""

    def __init__(self, recipe: Recipe, dataset: Dataset, along_lines: bool = False) -> None:
        """Take crops of the inputs of the validation split and estimate their noise.

        Args:
            recipe: Its forward model simulates inputs that were not recorded.
            dataset: The dataset of the training.
            along_lines: Whether noise may be correlated along the scan lines, because the prediction does not follow
                such noise.
        """
        images = [make_case(dataset, entry, recipe.degradation, 1).input for entry in dataset.entries("val")]
        self._crops = _crops(images, capabilities(recipe.network).size_multiple)
        self._noise: PixelNoise | None = None
        self._warning = ""
        try:
            centres = [_centre(image, _NOISE_EDGE_PX) for image in images]
            self._noise = PixelNoise(*(pooled_line_noise(centres) if along_lines else pooled_noise(centres)))
        except UserError as error:
            self._warning = _withheld(str(error))

    def __call__(self, model: RestorationModel) -> Calibrated:
        """Fit the posterior mean to the network, unless the noise is unknown or correlated."""
        if self._noise is None:
            return Calibrated(warning=self._warning)
        along, across = residual_correlation(model.network, self._crops, self._noise)
        expected = self._noise.along[1] if len(self._noise.along) > 1 else 0.0
        if max(abs(along - expected), abs(across)) > _CORRELATED:
            return Calibrated(
                warning=_withheld(
                    f"Neighbouring residuals are correlated ({along:.2f} along the scan lines, {across:.2f} across) "
                    f"unlike the measured noise ({expected:.2f} and 0): the noise is of another kind, or the network "
                    "has learned too little yet. Noise that is correlated along the line takes a mask along it, or a "
                    "network that excludes the row."
                )
            )
        return Calibrated(fit_posterior(model.network, self._crops, self._noise))


def _withheld(reason: str) -> str:
    return f"Outputs are the prediction of the network alone, not the posterior mean. {reason}"


def _crops(images: list[UnitImage], multiple: int) -> list[UnitImage]:
    """Cut crops of one size at random places, from every image as often."""
    edge = min(_EDGE_PX, *(size for image in images for size in image.shape[1:]))
    edge -= edge % multiple
    generator = torch.Generator().manual_seed(0)
    count = max(_CROPS, len(images))
    return [_crop(images[index % len(images)], edge, generator) for index in range(count)]


def _crop(image: UnitImage, edge: int, generator: torch.Generator) -> UnitImage:
    top, left = (int(torch.randint(size - edge + 1, (1,), generator=generator)) for size in image.shape[1:])
    return np.ascontiguousarray(image[:, top : top + edge, left : left + edge])


def _centre(image: UnitImage, edge: int) -> UnitImage:
    top, left = (max((size - edge) // 2, 0) for size in image.shape[1:])
    return image[0, top : top + edge, left : left + edge]
