"""A porous solid: a gently rough face with rounded pits of all sizes, some running into each other."""

import numpy as np

from sem_models.physics.simulators.phantoms.terrain import Height, roughness, smooth, window_of


def pores(size: tuple[int, int], rng: np.random.Generator) -> Height:
    """Draw a height map of shape `size`, in pixels."""
    face = 5 * smooth(roughness(size, rng, 2.0), 2.0)
    height = face.copy()
    area = 0.45 * size[0] * size[1]
    while area > 0:
        long = float(np.clip(rng.lognormal(np.log(11), 0.7), 3, 0.16 * min(size)))
        short = long * rng.uniform(0.45, 1.0)
        area -= np.pi * long * short
        _dig(height, face, (rng.uniform(0, size[0]), rng.uniform(0, size[1])), (long, short), rng)
    return smooth(height, 0.8) + 0.3 * roughness(size, rng, 1.1)


def _dig(
    height: Height, face: Height, centre: tuple[float, float], axes: tuple[float, float], rng: np.random.Generator
) -> None:
    rows, columns, down, right = window_of(face.shape, centre, axes[0])
    angle = rng.uniform(0, np.pi)
    u = (down * np.cos(angle) + right * np.sin(angle)) / axes[0]
    v = (right * np.cos(angle) - down * np.sin(angle)) / axes[1]
    inside = np.maximum(1 - u**2 - v**2, 0.0)
    depth = rng.uniform(0.9, 1.8) * axes[1] * np.sqrt(inside)
    height[rows, columns] = np.minimum(height[rows, columns], face[rows, columns] - depth)
