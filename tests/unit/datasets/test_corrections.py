"""Corrections image by image: they act on their image or its group, and on nothing else."""

from pathlib import Path

import pytest
from PIL import Image

from sem_models.datasets.preparation.corrections import Correction, corrections_table, merged, read_corrections
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from tests.support.domains import write_all
from tests.support.images import smooth_images
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings

NAMES = [f"S{index // 2}-{'ab'[index % 2]}.png" for index in range(12)]


@pytest.fixture
def options(tmp_path: Path) -> PrepareOptions:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, image in zip(NAMES, smooth_images(12, 64), strict=True):
        Image.fromarray(image).save(raw / name)
    return PrepareOptions(name="d", raw=(raw,))


def corrected(options: PrepareOptions, *corrections: Correction) -> Plan:
    return plan_dataset(options.model_copy(update={"corrections": corrections}))


def splits(plan: Plan) -> dict[str, str]:
    return {image.source: image.split for image in plan.images}


def test_a_split_moves_the_whole_group_and_no_other(options: PrepareOptions) -> None:
    before = splits(plan_dataset(options))
    name = next(name for name in NAMES if before[name] == "train")
    after = splits(corrected(options, Correction(image=name, split="test")))
    moved = {other for other in NAMES if other[:2] == name[:2]}
    assert after == before | dict.fromkeys(moved, "test")


def test_leaving_out_moves_no_other_image(options: PrepareOptions) -> None:
    before = splits(plan_dataset(options))
    plan = corrected(options, Correction(image=NAMES[3], use=False))
    before.pop(NAMES[3])
    assert splits(plan) == before
    assert [image.source for image in plan.excluded] == [NAMES[3]]
    assert [str(lost.reason) for lost in plan.skipped] == [f"{NAMES[3]}: left out by hand."]


def test_leaving_a_copy_out_moves_no_other_image(options: PrepareOptions) -> None:
    """The copy had joined two groups, which are two again; both stay where they were."""
    (options.raw[0] / "S5-c.png").write_bytes((options.raw[0] / NAMES[0]).read_bytes())
    before = plan_dataset(options)
    assert {image.group for image in before.images if image.source in (NAMES[0], NAMES[10])} == {"s0"}
    after = corrected(options, Correction(image="S5-c.png", use=False))
    assert {image.group for image in after.images if image.source in (NAMES[0], NAMES[10])} == {"s0", "s5"}
    assert splits(after) == {name: split for name, split in splits(before).items() if name != "S5-c.png"}


def test_a_split_is_filled_again_when_all_its_images_are_left_out(options: PrepareOptions) -> None:
    before = splits(plan_dataset(options))
    validation = [name for name in NAMES if before[name] == "val"]
    after = splits(corrected(options, *(Correction(image=name, use=False) for name in validation)))
    assert set(after) == set(NAMES) - set(validation)
    assert set(after.values()) == {"train", "val", "test"}


def test_a_split_that_is_emptied_is_refused(options: PrepareOptions) -> None:
    before = splits(plan_dataset(options))
    everything = [Correction(image=name, split="train") for name in NAMES if before[name] == "val"]
    with pytest.raises(UserError, match="No image is left for validation"):
        corrected(options, *everything)


def test_a_group_that_would_be_divided_is_refused(options: PrepareOptions) -> None:
    with pytest.raises(UserError, match="both of group 's0', but are put into val and test"):
        corrected(options, Correction(image=NAMES[0], split="val"), Correction(image=NAMES[1], split="test"))


def test_groups_are_corrected(options: PrepareOptions) -> None:
    plan = corrected(options, Correction(image=NAMES[0], group=" S3 "), Correction(image=NAMES[2], group="new"))
    groups = {image.source: image.group for image in plan.images}
    assert (groups[NAMES[0]], groups[NAMES[1]], groups[NAMES[2]]) == ("s3", "s0", "new")
    by_group: dict[str, set[str]] = {}
    for image in plan.images:
        by_group.setdefault(image.group, set()).add(image.split)
    assert all(len(found) == 1 for found in by_group.values())


def test_the_bar_of_one_image_is_cut(options: PrepareOptions, tmp_path: Path) -> None:
    plan = corrected(options, Correction(image=NAMES[5], databar_rows=24))
    dataset = write_dataset(plan, tmp_path / "d")
    heights = {entry.name: entry.arrays[0].shape[0] for entry in dataset.manifest.entries}
    assert heights == dict.fromkeys(NAMES, 64) | {NAMES[5]: 40}
    stored = next(entry for entry in dataset.manifest.entries if entry.name == NAMES[5]).arrays[0]
    assert (stored.databar_rows, stored.databar_found_by) == (24, "manual")
    assert read_corrections(dataset.folder / "corrections.csv") == plan.options.corrections


def test_mask_and_image_are_corrected_together(tmp_path: Path) -> None:
    names = [f"s{index}" for index in range(4)]
    options = masked_files(tmp_path, names, [RAW_OF_CLASS[rings(seed)] for seed in range(4)])
    plan = corrected(options, Correction(image="s1.png", use=False), Correction(image="s2_mask.png", group="other"))
    assert {image.source for image in plan.excluded} == {"s1.png", "s1_mask.png"}
    assert {image.group for image in plan.images if image.sample == "s2.png"} == {"other"}


def test_a_role_says_which_of_two_images_of_one_name_is_meant(tmp_path: Path) -> None:
    raw = write_all(tmp_path / "a", "s", smooth_images(4, 64))
    target = write_all(tmp_path / "b", "s", smooth_images(4, 64, seed=1))
    plan = plan_dataset(PrepareOptions(name="u", raw=(raw,), kind="unpaired", target=target))
    name = "s0.tif"
    assert [image.role for image in plan.images if image.source == name] == ["input", "target"]
    only = corrected(plan.options, Correction(image=name, role="target", use=False))
    assert [(image.source, image.role) for image in only.excluded] == [(name, "target")]
    assert len(only.images) == len(plan.images) - 1
    moved = corrected(plan.options, Correction(image=name, role="input", group="own", split="test"))
    assert [i.split for i in moved.images if (i.source, i.role) == (name, "input")] == ["test"]


def test_the_table_and_the_objects_are_the_same(options: PrepareOptions, tmp_path: Path) -> None:
    given = (
        Correction(image=NAMES[0], databar_rows=0),
        Correction(image="a, b.png", role="target", group="x", split="val"),
        Correction(image=NAMES[1], use=False),
    )
    table = tmp_path / "table.csv"
    table.write_text(corrections_table(given))
    assert read_corrections(table) == given
    table.write_text("\ufeffimage,use\nS0-a.png,no\n", encoding="utf-8")
    assert read_corrections(table) == (Correction(image=NAMES[0], use=False),)
    assert PrepareOptions(name="d", raw=options.raw, corrections=(table,)).corrections == read_corrections(table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,split\na.png,training\n", r"table.csv, line 2, split: .*'train', 'val' or 'test'"),
        ("image,bar\na.png,3\n", "line 2, bar: .* the columns are image, role, databar_rows"),
        ("split\nval\n", "line 2, image: field required"),
        ("image,split\na.png,val\na.png,test\n", "a.png is corrected twice"),
        ("image,use\nS0-c.png,no\n", "there is no image 'S0-c.png' among the files. Did you mean S"),
    ],
)
def test_tables_that_cannot_be_used(table: str, message: str, options: PrepareOptions, tmp_path: Path) -> None:
    place = tmp_path / "table.csv"
    place.write_text(table)
    with pytest.raises(UserError, match=message):
        plan_dataset(PrepareOptions(name="d", raw=options.raw, corrections=(place,)))


def test_newer_corrections_replace_older_ones() -> None:
    first = (Correction(image="a", databar_rows=3), Correction(image="b", use=False))
    after = merged(first, [Correction(image="a", role="image", databar_rows=4), Correction(image="b", role="image")])
    assert after == (Correction(image="a", role="image", databar_rows=4),)
