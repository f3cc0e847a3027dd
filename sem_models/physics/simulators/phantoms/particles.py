"""Gas-atomised powder: spheres of log-normal size, lying on and beside each other, some with satellites."""

import numpy as np

from sem_models.physics.simulators.phantoms.terrain import Height, roughness, smooth, window_of


def particles(size: tuple[int, int], rng: np.random.Generator) -> Height:
    """Draw a height map of shape `size`, in pixels."""
    ground = 1.5 * roughness(size, rng)
    height = ground.copy()
    coverage = 1.1 * size[0] * size[1]
    while coverage > 0:
        radius = float(np.clip(rng.lognormal(np.log(18), 0.55), 5, 0.2 * min(size)))
        centre = (rng.uniform(-radius, size[0] + radius), rng.uniform(-radius, size[1] + radius))
        coverage -= np.pi * radius**2
        _add_sphere(height, size, centre, radius, rng.uniform(0.2, 1.0))
        for _ in range(rng.poisson(0.4)):
            angle, small = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.12, 0.3)
            beside = (centre[0] + radius * np.sin(angle), centre[1] + radius * np.cos(angle))
            _add_sphere(height, size, beside, small, 1.0)
    return smooth(height, 0.6) + 0.35 * roughness(size, rng, 1.1)


def _add_sphere(height: Height, size: tuple[int, int], centre: tuple[float, float], radius: float, lift: float) -> None:
    rows, columns, down, right = window_of(size, centre, radius)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    cap = np.sqrt(np.maximum(radius**2 - down**2 - right**2, 0.0))
    base = float(np.median(height[rows, columns])) * lift
    here = np.where(cap > 0, base + radius + cap, -np.inf)
    height[rows, columns] = np.maximum(height[rows, columns], here)
