"""Pyramids on disk: computed once, mapped from files, bounded in size, and named by the content of their file."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.viewing.codes import encode
from pipelines.viewing.files import open_image, open_input
from pipelines.viewing.pyramid import ImageFacts, Pyramid, build_pyramid
from pipelines.viewing.store import PyramidStore
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

GREY = np.random.default_rng(3).integers(0, 65535, (300, 400), np.uint16)


def built() -> Pyramid:
    return build_pyramid(*encode(GREY), ImageFacts("uint16", 1.5))


def never() -> Pyramid:
    raise AssertionError("computed again")


def test_a_stored_pyramid_is_mapped_and_not_computed_again(tmp_path: Path) -> None:
    store = PyramidStore(tmp_path)
    first = store.get("a", built)
    store.settle()
    assert all(isinstance(level, np.memmap) for level in first.levels), "memory is free once it is stored"
    again = PyramidStore(tmp_path).get("a", never)
    for mine, stored in zip(built().levels, again.levels, strict=True):
        np.testing.assert_array_equal(mine, stored)
    assert (again.code, again.facts) == (first.code, first.facts)


def test_a_damaged_pyramid_is_computed_again(tmp_path: Path) -> None:
    PyramidStore(tmp_path).get("a", built)
    store = PyramidStore(tmp_path)
    store.get("a", built)
    store.settle()
    (tmp_path / "a" / "1.npy").write_bytes(b"")
    np.testing.assert_array_equal(PyramidStore(tmp_path).get("a", built).levels[0], GREY)


@pytest.mark.parametrize("unused", ["a", "b"])
def test_the_longest_unused_is_removed(tmp_path: Path, unused: str) -> None:
    store = PyramidStore(tmp_path, most_bytes=2 * 310_000 + 10_000)
    for key in "abc":
        store.get(key, built)
        store.settle()
        if key == "b":
            os.utime(tmp_path / unused / "about.json", (1, 1))
    assert {place.name for place in tmp_path.iterdir()} == set("abc") - {unused}


def test_the_newest_stays_even_if_it_is_too_large(tmp_path: Path) -> None:
    store = PyramidStore(tmp_path, most_bytes=1)
    store.get("a", built)
    store.settle()
    assert PyramidStore(tmp_path).get("a", never).height == 300


def test_what_a_killed_server_left_incomplete_is_removed(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / f".{name}").mkdir()
    os.utime(tmp_path / ".old", (1, 1))
    store = PyramidStore(tmp_path)
    store.get("a", built)
    store.settle()
    assert {place.name for place in tmp_path.iterdir()} == {"a", ".new"}


def test_what_cannot_be_stored_stays_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    store = PyramidStore(tmp_path / "file")
    found = store.get("a", built)
    store.settle()
    np.testing.assert_array_equal(found.levels[0], GREY)
    assert "stays in memory" in caplog.text


def test_files_are_read_once_and_again_when_they_change(bare_home: Path) -> None:
    path = bare_home / "a.tif"
    image = Micrograph(GREY[:, :, None], 1.5)
    write_micrograph(path, image)
    first = open_image(path)
    assert open_image(path) is first
    assert (first.facts.dtype, first.facts.pixel_size_nm) == ("uint16", pytest.approx(1.5))
    write_micrograph(path, replace(image, pixels=image.pixels[::-1]))
    os.utime(path, (1, 1))
    np.testing.assert_array_equal(open_image(path).levels[0], GREY[::-1])


def test_an_input_is_cut_to_the_field_of_its_output(bare_home: Path) -> None:
    write_micrograph(bare_home / "a.tif", Micrograph(GREY[:, :, None]))
    output = build_pyramid(*encode(np.zeros((2 * 280 - 1, 800), np.uint8)), ImageFacts("uint8"))
    found = open_input(bare_home / "a.tif", 0, output)
    np.testing.assert_array_equal(found.levels[0], GREY[:280])


def test_the_window_leaves_out_the_data_bar_and_the_size_is_the_better_known_one(bare_home: Path) -> None:
    grey = np.full((64, 80, 1), 100, np.uint8)
    grey[:48:2] = 120
    grey[48:, :40], grey[48:, 40:] = 0, 255
    write_micrograph(bare_home / "bar.tif", Micrograph(grey, None))
    whole, field = open_image(bare_home / "bar.tif"), open_image(bare_home / "bar.tif", 0, 7.5, 48)
    assert (whole.summary.window, whole.facts.pixel_size_nm) == ((0, 255), None)
    assert (field.summary.window, field.facts.pixel_size_nm) == ((100, 120), 7.5)
    assert field.levels is whole.levels
