"""Label maps for the viewer: class indices at every level, never a mixture of two."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.viewing.label_maps import nearest_levels, open_classes, open_coloured
from pipelines.viewing.pyramid import mean_levels
from sem_models.datasets.labels import LabelMap
from sem_models.errors import UserError
from sem_models.images.display import DISTINCT, coloured
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

RNG = np.random.default_rng(4)


def test_each_pixel_of_a_level_is_a_class_of_the_pixels_that_it_covers() -> None:
    classes = RNG.integers(0, 3, (601, 523)).astype(np.uint8)
    levels = nearest_levels(classes)
    assert [level.shape for level in levels] == [level.shape for level in mean_levels(classes)]
    for k, level in enumerate(levels, 1):
        for row, column in ((0, 0), (3, 5), (level.shape[0] - 1, level.shape[1] - 1)):
            middle = min(row * 2**k + 2 ** (k - 1), 600), min(column * 2**k + 2 ** (k - 1), 522)
            assert level[row, column] == classes[middle]


def test_two_classes_side_by_side_never_give_the_one_between() -> None:
    stripes = np.tile(np.array([0, 2], np.uint8), (600, 300))
    assert all(set(np.unique(level)) <= {0, 2} for level in nearest_levels(stripes))
    assert any(1 in level for level in mean_levels(stripes)), "which the means of an image would"


def test_label_values_become_classes_and_strange_ones_are_named(sem_home: Path, tmp_path: Path) -> None:
    raw = np.array([[0, 127, 255], [255, 0, 127]], np.uint8)
    write_micrograph(tmp_path / "mask.tif", Micrograph(raw[..., None], 5.0))
    labels = LabelMap((0, 127, 255), {})
    opened = open_classes(tmp_path / "mask.tif", 0, lambda mask: labels.classes(mask)[..., 0], labels.values)
    assert opened.levels[0].tolist() == [[0, 1, 2], [2, 0, 1]]
    assert opened.facts.pixel_size_nm == 5.0
    two = LabelMap((0, 255), {})
    with pytest.raises(UserError, match="127"):
        open_classes(tmp_path / "mask.tif", 0, lambda mask: two.classes(mask)[..., 0], two.values)


def test_colours_of_a_stored_picture_become_classes_again(sem_home: Path, tmp_path: Path) -> None:
    classes = RNG.integers(0, DISTINCT, (40, 30))
    picture = coloured(classes)
    write_micrograph(tmp_path / "classes.png", Micrograph(picture, None))
    assert np.array_equal(open_coloured(tmp_path / "classes.png").levels[0], classes)
    picture[3, 4] += 1
    write_micrograph(tmp_path / "other.png", Micrograph(picture, None))
    with pytest.raises(UserError, match=r"other\.png: not a picture of classes"):
        open_coloured(tmp_path / "other.png")
