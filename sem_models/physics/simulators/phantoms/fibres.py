"""Electrospun fibres: long cylinders of slightly varying width, crossing over each other in layers."""

import numpy as np

from sem_models.physics.simulators.phantoms.terrain import Height, roughness, smooth


def fibres(size: tuple[int, int], rng: np.random.Generator) -> Height:
    """Draw a height map of shape `size`, in pixels."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float64)
    height = np.full(size, -30.0) + 2 * roughness(size, rng)
    count = max(6, round(0.09 * sum(size) / 2))
    for layer in range(count):
        angle = rng.uniform(0, np.pi)
        along = rows * np.sin(angle) + columns * np.cos(angle)
        across = columns * np.sin(angle) - rows * np.cos(angle)
        reach = np.hypot(*size)
        bend = rng.uniform(3, 18) * np.sin(2 * np.pi * along / rng.uniform(0.5, 1.5) / reach + rng.uniform(0, 6))
        radius = rng.uniform(3.5, 9) * (1 + 0.08 * np.sin(along / rng.uniform(25, 60)))
        distance = across + bend - rng.uniform(-0.5, 1.0) * reach * np.sign(np.sin(angle) + 0.1)
        cap = np.sqrt(np.maximum(radius**2 - distance**2, 0.0))
        level = -24 + 34 * layer / count
        height = np.maximum(height, np.where(cap > 0, level + cap, -np.inf))
    return smooth(height, 0.5) + 0.2 * roughness(size, rng, 1.0)
