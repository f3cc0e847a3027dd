"""Etched lath martensite: packets of parallel laths at a few angles, grooves at every boundary."""

import numpy as np
from scipy.spatial import cKDTree

from sem_models.physics.simulators.phantoms.terrain import Height, roughness, smooth


def laths(size: tuple[int, int], rng: np.random.Generator) -> Height:
    """Draw a height map of shape `size`, in pixels."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float64)
    warp = [6 * smooth(roughness(size, rng, 2.0), 4.0) for _ in range(2)]
    points = np.stack([rows + warp[0], columns + warp[1]], axis=-1).reshape(-1, 2)
    seeds = rng.uniform(0, 1, (max(4, size[0] * size[1] // 16000), 2)) * size
    distance, nearest = cKDTree(seeds).query(points, k=2)
    packet = nearest[:, 0].reshape(size)
    height = np.zeros(size)
    for index in range(len(seeds)):
        inside = packet == index
        height[inside] = _packet(rows[inside] + warp[0][inside], columns[inside] + warp[1][inside], rng)
    boundary = (distance[:, 1] - distance[:, 0]).reshape(size)
    height -= 5 * np.exp(-((boundary / 2.2) ** 2))
    return smooth(height, 1.4) + 0.3 * roughness(size, rng, 1.4)


def _packet(rows: Height, columns: Height, rng: np.random.Generator) -> Height:
    """Draw the steps and grooves across one packet: laths of irregular width, each etched to its own depth."""
    angle = rng.uniform(0, np.pi)
    across = columns * np.sin(angle) - rows * np.cos(angle)
    across = across + 1.5 * np.sin(0.03 * (rows * np.sin(angle) + columns * np.cos(angle)) + rng.uniform(0, 6))
    edges = np.cumsum(rng.gamma(3.0, 3.6, size=1500)) - 6000
    lath = np.searchsorted(edges, across)
    level = rng.normal(0, 2.2, size=1501)[lath]
    inner = np.minimum(across - edges[np.maximum(lath - 1, 0)], edges[np.minimum(lath, 1499)] - across)
    tilt = rng.normal(0, 0.18, size=1501)[lath]
    height: Height = level + tilt * inner - 2.5 * np.exp(-((inner / 0.9) ** 2)) + rng.normal(0, 2)
    return height
