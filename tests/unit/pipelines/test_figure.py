"""Figures for papers: their size, their pixels and their scale bar."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.evaluate.gallery_files import Picture, in_order, usual_choice
from pipelines.publish.crops import Crop
from pipelines.publish.figure import Panel, bar_length, bar_text, draw_figure
from sem_models.errors import UserError


@pytest.fixture(scope="module")
def pictures() -> list[Panel]:
    draw = np.random.default_rng(0)
    small = draw.integers(0, 256, (8, 8), np.uint8)
    large = draw.integers(0, 256, (32, 32), np.uint8)
    return [Panel("Input", small), Panel("a model & 5 %", large, "PSNR 30.12 dB"), Panel("Target", large)]


@pytest.mark.parametrize("width_mm", [85, 180])
def test_the_files_have_the_size_of_a_publication(pictures: list[Panel], width_mm: float) -> None:
    files = draw_figure(pictures, 320.0, 32, width_mm)
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", files["figure.pdf"])
    assert float(box[0]) == pytest.approx(width_mm / 25.4 * 72, abs=0.1)
    (width,) = re.findall(rb'<svg[^>]* width="([\d.]+)pt"', files["figure.svg"])
    assert float(width) == pytest.approx(width_mm / 25.4 * 72, abs=0.1)
    drawn = Image.open(io.BytesIO(files["figure.png"]))
    assert drawn.width == pytest.approx(width_mm / 25.4 * 300, abs=1)
    assert round(drawn.info["dpi"][0]) == 300
    for text in (b"PSNR 30.12 dB", b"a model &amp; 5 %", b"50 nm"):
        assert text in files["figure.svg"], "text stays text"
    assert b"http://www.w3.org" in files["figure.svg"]
    assert files == draw_figure(pictures, 320.0, 32, width_mm), "the same figure is the same file"


def test_pixels_are_squares_of_their_own_grey(pictures: list[Panel]) -> None:
    """Nothing is interpolated: each pixel of a panel has one grey in the drawing."""
    drawn = np.asarray(Image.open(io.BytesIO(draw_figure(pictures, None, 32, 180)["figure.png"])).convert("L"))
    panel_px = round((180 - 4) / 3 / 25.4 * 300)
    left = round((180 - 4) / 3 / 25.4 * 300) * 2 + round(2 / 25.4 * 300) * 2
    target = pictures[2].screen
    rows = [row for row in range(drawn.shape[0]) if len(set(drawn[row, left + 5 : left + panel_px - 5])) > 10]
    # Below the last panel there is nothing; above it stands its label.
    middle = rows[-1] - round((31.5 - 20) * panel_px / 32)
    seen = drawn[middle, left + np.round((np.arange(32) + 0.5) * panel_px / 32).astype(int)]
    np.testing.assert_allclose(seen, target[20], atol=1)


@pytest.mark.parametrize(
    ("edge", "length"), [(100, 20), (1000, 200), (667, 200), (666, 100), (3.4, 1), (0.5, 0.1), (10, 2)]
)
def test_a_bar_is_a_round_length_of_at_most_a_third(edge: float, length: float) -> None:
    assert bar_length(edge) == pytest.approx(length)


def test_a_bar_has_the_unit_that_suits_it() -> None:
    assert bar_text(20_000, 100) == ("5 µm", 0.25)
    assert bar_text(800, 100)[0] == "200 nm"
    assert bar_text(2.0, 100) == ("500 pm", 0.25)
    assert bar_text(None, 256) == ("50 px", 50 / 256)


def test_crops() -> None:
    image = np.arange(100 * 80).reshape(100, 80)
    crop = Crop.parse("10,20,32")
    crop.require_inside(100, 80)
    np.testing.assert_array_equal(crop.of(image), image[20:52, 10:42])
    np.testing.assert_array_equal(Crop(11, 20, 32).on_grid(4).of(image[::4, ::4], 4), image[::4, ::4][5:12, 3:10])
    assert Crop.middle(100, 80) == Crop(0, 10, 80)
    for text in ("1,2", "a,b,c", ""):
        with pytest.raises(UserError, match="LEFT,TOP,EDGE"):
            Crop.parse(text)
    with pytest.raises(UserError, match="not inside"):
        Crop(60, 0, 32).require_inside(100, 80)
    with pytest.raises(UserError, match="85 mm"):
        draw_figure([], None, 1, 100)


def _pictures(*methods: str) -> list[Picture]:
    return [Picture(method, method, Path(f"{method}.tif")) for method in methods]


def test_what_is_shown_first_and_in_which_order() -> None:
    """Best models come first in a list; beside each other they get better from left to right."""
    known = _pictures("input", "target", "best", "good", "poor", "baseline:bicubic", "baseline:identity")
    assert [one.method for one in in_order(known)] == [
        "input", "baseline:identity", "baseline:bicubic", "poor", "good", "best", "target",
    ]  # fmt: skip
    assert [one.method for one in usual_choice(known, 4)] == ["baseline:bicubic", "good", "best", "target"]
    assert usual_choice(known, 5)[0].method == "input"
    assert len(usual_choice(known, 12)) == 7
    assert [one.method for one in usual_choice(_pictures("input", "target"), 4)] == ["input", "target"]
