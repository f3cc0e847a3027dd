"""Images with known warps."""

from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter

from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

SIZE = 300


def grains(seed: int) -> np.ndarray:
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((500, 500)), 4)
    return 120 + 50 * np.tanh(3 * field / field.std()) + 20 * field / field.std()


def seen(scene: np.ndarray, matrix: np.ndarray, contrast: str) -> np.ndarray:
    """The field of `scene` at (row, column, 1) @ matrix, as another detector shows it."""
    field = affine_transform(scene, matrix[:, :2], matrix[:, 2] + 100, (SIZE, SIZE), order=3)
    if contrast == "same":
        return field
    other = 255 * (1 - np.clip(field / 255, 0, 1)) ** 1.7
    return gaussian_filter(other, 1.2) + np.random.default_rng(1).normal(0, 4, other.shape)


def affine_of(down: float, right: float, degrees: float = 0.0, scale: float = 1.0, shear: float = 0.0) -> np.ndarray:
    """An affine matrix about the centre of the field."""
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ [[1, shear], [0, 1]]
    middle = np.full(2, (SIZE - 1) / 2)
    return np.column_stack([turn, np.add(middle, (down, right)) - turn @ middle])


def write_pairs(folder: Path, count: int = 4) -> PrepareOptions:
    """Write pairs that are shifted by 6, -4 px and have inverted grey levels; the last target shows another field."""
    for index in range(count):
        other = seen(grains(index if index < count - 1 else 50), affine_of(-6, 4), "other")
        for name, pixels in (("in", seen(grains(index), affine_of(0, 0), "same")), ("out", other)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            image = np.clip(pixels, 0, 255).astype(np.uint8)[..., None]
            write_micrograph(folder / name / f"s{index}.tif", Micrograph(image, 2.0))
    return PrepareOptions(
        name="p", raw=(folder / "in",), kind="paired", target=folder / "out", databar_rows=0, registration="shift"
    )
