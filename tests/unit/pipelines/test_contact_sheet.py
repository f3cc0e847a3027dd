"""The contact sheet of a plan: every image once, under the right heading; what is dropped becomes a correction."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pages.data.plan import summary
from pipelines.data.bar_strip import bar_strip
from pipelines.data.contact_sheet import LEFT_OUT, Order, changed, dropped, image_id, one_of_equal, part_of, sections
from pipelines.viewing.codes import encode
from pipelines.viewing.pyramid import ImageFacts, build_pyramid
from sem_models.datasets.kinds import Kind
from sem_models.datasets.preparation.corrections import Correction
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.picture import EDGE_PX, small_picture
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from tests.support.images import smooth_images

NAMES = [f"S{index // 2}-{'ab'[index % 2]}.png" for index in range(8)]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Four groups of two images, a copy in a group of its own, and one image that is left out."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, image in zip(NAMES, smooth_images(8, 64), strict=True):
        Image.fromarray(image).save(raw / name)
    (raw / "T9-copy.png").write_bytes((raw / NAMES[0]).read_bytes())
    corrections = (Correction(image=NAMES[3], use=False), Correction(image=NAMES[4], databar_rows=16))
    return plan_dataset(PrepareOptions(name="d", raw=(raw,), group_by=r"^(\w\d)", corrections=corrections))


@pytest.mark.parametrize("order", ["split", "group", "field", "name"])
def test_every_image_is_shown_once(plan: Plan, order: Order) -> None:
    arranged = sections(plan, order)
    shown = [tile.name for section in arranged for tile in section.tiles]
    assert sorted(shown) == sorted([*NAMES, "T9-copy.png"])
    assert arranged[-1].key == LEFT_OUT
    assert [tile.name for tile in arranged[-1].tiles] == [NAMES[3]]


def test_headings_hold_what_they_say(plan: Plan) -> None:
    for section in sections(plan, "split")[:-1]:
        assert {tile.split for tile in section.tiles} == {section.key}
    for section in sections(plan, "group")[:-1]:
        assert {tile.group for tile in section.tiles} == {section.key}
        assert len({tile.split for tile in section.tiles}) == 1
    field, alone, _ = sections(plan, "field")
    assert [tile.name for tile in field.tiles] == [NAMES[0], "T9-copy.png"]
    assert "equal pixels" in field.note
    assert len(alone.tiles) == 6


def test_tiles_say_what_is_known(plan: Plan) -> None:
    tiles = {tile.name: tile for section in sections(plan, "name") for tile in section.tiles}
    assert tiles[NAMES[4]].bar == 16 / 64
    assert tiles[NAMES[4]].facts == "64 x 64 px, 8 bit, data bar of 16 rows"
    assert tiles[NAMES[4]].marks == ("corrected", "no pixel size")
    assert tiles[NAMES[0]].marks == ("2 of one field", "no pixel size")
    assert tiles[NAMES[3]].left_out
    kind, content = tiles[NAMES[0]].picture.split(",")
    assert kind == "data:image/webp;base64"
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("L"), float)
    recorded = np.asarray(Image.open(plan.images[0].path), float)
    assert np.corrcoef(picture.ravel(), recorded.ravel())[0, 1] > 0.98


def test_what_is_dropped_is_corrected(plan: Plan) -> None:
    ids = [f"image|{NAMES[4]}", f"image|{NAMES[6]}"]
    moved = dropped(plan, "split", ids, "test")
    assert moved == [
        Correction(image=NAMES[4], role="image", databar_rows=16, split="test"),
        Correction(image=NAMES[6], role="image", split="test"),
    ]
    assert dropped(plan, "group", ids[1:], "s0")[0].group == "s0"
    out = dropped(plan, "group", ids[1:], LEFT_OUT)[0]
    assert (out.use, out.group) == (False, None)
    again = dropped(plan, "split", [f"image|{NAMES[3]}"], "val")[0]
    assert (again.use, again.split) == (True, "val")


def test_a_correction_keeps_the_others_of_its_image(plan: Plan) -> None:
    image = next(image for image in plan.images if image.source == NAMES[4])
    own = changed(plan.options.corrections, image, {"group": "new"})
    assert own == Correction(image=NAMES[4], role="image", databar_rows=16, group="new")


def test_one_of_equal_images_stays(plan: Plan) -> None:
    assert one_of_equal(plan) == [Correction(image="T9-copy.png", role="image", use=False)]


def test_parts_of_a_sheet_are_the_whole_sheet(plan: Plan) -> None:
    whole = [tile.name for section in sections(plan, "split") for tile in section.tiles]
    parts = [
        tile.name
        for start in range(0, 9, 4)
        for section in part_of(sections(plan, "split"), start, 4)
        for tile in section.tiles
    ]
    assert parts == whole


def test_the_strip_is_the_bottom_of_the_image() -> None:
    grey = np.repeat(np.arange(200, dtype=np.uint16)[:, None], 50, axis=1)
    pyramid = build_pyramid(*encode(grey), ImageFacts("uint16", None, 1.0))
    strip = bar_strip(pyramid, 10)
    assert strip.rows == 50
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(strip.picture.split(",")[1]))).convert("L"), float)
    assert picture.shape == (50, 50)
    lo, hi = pyramid.summary.window
    expected = 255 * np.clip((grey[150:] - lo) / (hi - lo), 0, 1)
    assert np.abs(picture - expected).max() < 6
    assert bar_strip(pyramid, 100).rows == 160, "a high bar is shown as a whole"


@pytest.mark.parametrize("shape", [(1000, 4000, 1), (30, 20, 1), (700, 500, 3)])
def test_pictures_show_the_whole_page(shape: tuple[int, int, int]) -> None:
    pixels = np.zeros(shape, np.uint16)
    pixels[: shape[0] // 2] = 60000
    picture = Image.open(io.BytesIO(small_picture(pixels)))
    assert max(picture.size) == min(EDGE_PX, max(shape))
    assert picture.size[0] / picture.size[1] == pytest.approx(shape[1] / shape[0], rel=0.05)
    grey = np.asarray(picture.convert("L"), float)
    assert grey[: len(grey) // 2 - 2].mean() > 240
    assert grey[len(grey) // 2 + 2 :].mean() < 15


@pytest.mark.parametrize(("kind", "noun"), [("paired", "pair"), ("masked", "image"), ("unpaired", "image")])
def test_headings_count_what_the_summary_counts(kind: Kind, noun: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        for name, image in zip(NAMES, smooth_images(8, 64), strict=True):
            grey = (image > image.mean()) * np.uint8(255) if folder == second and kind == "masked" else image
            Image.fromarray(grey).save(folder / name)
    other = {"masks": second} if kind == "masked" else {"target": second}
    plan = plan_dataset(PrepareOptions(name="d", raw=(first,), kind=kind, group_by=r"^(\w\d)", **other))
    each = 2 if kind == "unpaired" else 1
    (whole,) = sections(plan, "name")
    assert whole.note == f"{8 * each} {noun}s"
    for section in sections(plan, "split"):
        assert f"**{section.title}** {section.note}" in summary(plan)


@pytest.mark.parametrize("order", ["split", "group"])
def test_an_image_that_is_dropped_where_it_is_is_not_corrected(plan: Plan, order: Order) -> None:
    image, left_out = plan.images[0], plan.excluded[0]
    assert dropped(plan, order, [image_id(image)], getattr(image, order)) == []
    (again,) = dropped(plan, order, [image_id(left_out)], getattr(left_out, order))
    assert again.use
