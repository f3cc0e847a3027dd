"""Simple specimens, and what a model knows that learned from them."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.input_check.statistics import image_statistics


def specimens() -> list[NDArray[np.floating]]:
    """Smooth specimens of several sizes with noise of several strengths, with a standard deviation of about 1."""
    rng = np.random.default_rng(3)
    images = []
    for _ in range(24):
        smooth = gaussian_filter(rng.normal(size=(160, 160)), rng.uniform(3, 9))
        images.append(smooth / smooth.std() + rng.uniform(0.3, 1.5) * rng.normal(size=smooth.shape))
    return images


def learned(images: list[NDArray[np.floating]]) -> InputReference:
    """Summarise images as the inputs of a training."""
    statistics = [found for image in images if (found := image_statistics(image)) is not None]
    found = InputReference.of(statistics, statistics[::2], len(images))
    assert found is not None
    return found
