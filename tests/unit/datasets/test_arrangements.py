"""Files as published sets arrange them: the right files meet, in the right roles, with names that tell them apart."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sem_models.datasets.preparation.arrangements import consecutive, find_candidates, folder_splits
from sem_models.datasets.preparation.corrections import Correction
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.datasets.splits.grouping import assign_splits
from sem_models.errors import UserError
from tests.support.images import smooth_images
from tests.support.masked_sets import RAW_OF_CLASS, rings


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def test_each_category_is_divided_among_the_splits(tmp_path: Path) -> None:
    images = iter(smooth_images(20, 48))
    for category, count in (("Powder", 5), ("Tips", 10), ("Wires", 5)):
        for index in range(count):
            save(tmp_path / category / f"L{index % 5}_{index:02d}.png", next(images))
    options = PrepareOptions(name="n", raw=(tmp_path,), arrangement="categories", group_by=r"/(\w+)\.", seed=1)
    plan = plan_dataset(options)
    assert {image.source for image in plan.images if image.category == "Tips"} == {
        f"Tips/L{index % 5}_{index:02d}.png" for index in range(10)
    }
    count = {(c, s): 0 for c in ("Powder", "Tips", "Wires") for s in ("train", "val", "test")}
    for image in plan.images:
        count[image.category, image.split] += 1
    assert all(number >= 1 for number in count.values()), "names are equal in two categories, and one group"
    by_name = plan_dataset(options.model_copy(update={"group_by": None}))
    assert len({image.group for image in by_name.images}) == 5, "categories are no specimens"
    whole = plan_dataset(options.model_copy(update={"group_by": r"^(\w+)/"}))
    assert {image.group for image in whole.images} == {"powder", "tips", "wires"}


@pytest.mark.parametrize("kind", ["single", "masked"])
def test_bids(tmp_path: Path, kind: str) -> None:
    (tmp_path / "dataset_description.json").write_text("{}")
    (tmp_path / "code" / "micr").mkdir(parents=True)
    save(tmp_path / "code" / "micr" / "logo.png", smooth_images(1, 48)[0])
    for subject, image in enumerate(smooth_images(3, 48), start=1):
        name = f"sub-rat{subject}_sample-1_SEM"
        save(tmp_path / f"sub-rat{subject}" / "micr" / f"{name}.png", image)
        for what in ("axon", "myelin"):
            place = tmp_path / "derivatives" / "labels" / f"sub-rat{subject}" / "micr"
            save(place / f"{name}_seg-{what}.png", RAW_OF_CLASS[rings(subject, 48)])
    (tmp_path / "sample-1_SEM.json").write_text(json.dumps({"PixelSize": [0.1, 0.1], "PixelSizeUnits": "um"}))
    own = tmp_path / "sub-rat2" / "micr" / "sub-rat2_sample-1_SEM.json"
    own.write_text(json.dumps({"PixelSize": 50, "PixelSizeUnits": "nm"}))
    suffix = "_seg-myelin" if kind == "masked" else None
    plan = plan_dataset(
        PrepareOptions(name="b", raw=(tmp_path,), arrangement="bids", kind=kind, mask_suffix=suffix)  # type: ignore[arg-type]
    )
    images = [image for image in plan.images if image.role == "image"]
    assert [image.group for image in images] == ["sub-rat1", "sub-rat2", "sub-rat3"]
    assert [image.pixel_size_nm for image in images] == pytest.approx([100, 50, 100]), "the nearest side-car is valid"
    masks = [image.source for image in plan.images if image.role == "mask"]
    assert masks == ([f"sub-rat{n}_sample-1_SEM_seg-myelin.png" for n in (1, 2, 3)] if kind == "masked" else [])


@pytest.mark.parametrize(("arrangement", "first"), [("input-left", 0), ("input-right", 1)])
def test_composites_become_pairs(tmp_path: Path, arrangement: str, first: int) -> None:
    halves = {}
    for split, seed in (("train", 0), ("val", 10), ("test", 20)):
        for index in range(2):
            halves[f"{split}/{index}.png"] = smooth_images(2, 48, seed + index)
            save(tmp_path / split / f"{index}.png", np.concatenate(halves[f"{split}/{index}.png"], axis=1))
    options = PrepareOptions(name="c", raw=(tmp_path,), kind="paired", arrangement=arrangement)  # type: ignore[arg-type]
    dataset = write_dataset(plan_dataset(options), tmp_path / "c")
    assert {entry.name: entry.split for entry in dataset.manifest.entries} == {n: n.split("/")[0] for n in halves}
    for entry in dataset.manifest.entries:
        pair = [dataset.array(entry, role)[..., 0] for role in ("input", "target")]
        assert np.array_equal(pair[first], halves[entry.name][0])
        assert np.array_equal(pair[1 - first], halves[entry.name][1])


@pytest.mark.parametrize("held", ["val", "test"])
def test_with_two_folders_validation_is_drawn_from_training(tmp_path: Path, held: str) -> None:
    for index, pair in enumerate(np.reshape(smooth_images(26, 48), (13, 2, 48, 48))):
        folder = "train" if index < 10 else held
        save(tmp_path / folder / f"{index}.png", np.concatenate(pair, axis=1))

    def splits_of(*corrections: Correction) -> dict[str, str]:
        options = PrepareOptions(
            name="c", raw=(tmp_path,), kind="paired", arrangement="input-left", corrections=corrections
        )
        return {image.sample: image.split for image in plan_dataset(options).images}

    splits = splits_of()
    found = {
        folder: Counter(split for name, split in splits.items() if name.startswith(folder))
        for folder in ("train", held)
    }
    assert found[held] == {"test": 3}
    assert set(found["train"]) == {"train", "val"}
    assert found["train"]["train"] > found["train"]["val"]
    fewer = splits_of(Correction(image=f"{held}/12.png", use=False))
    assert fewer == {name: split for name, split in splits.items() if name != f"{held}/12.png"}


def test_an_odd_width_is_no_composite(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.zeros((20, 41)))
    with pytest.raises(UserError, match="41 columns cannot be two images side by side"):
        plan_dataset(PrepareOptions(name="c", raw=(tmp_path,), kind="paired", arrangement="input-left"))


def test_folders_name_splits_only_if_all_do() -> None:
    def of(*names: str) -> dict[str, str]:
        return {str(path): split for path, split in folder_splits([Path(name) for name in names]).items()}

    assert of("Train/1.png", "valid/1.png", "test/1.png") == {
        "Train/1.png": "train", "valid/1.png": "val", "test/1.png": "test",
    }  # fmt: skip
    assert of("train/1.png", "val/1.png") == {"val/1.png": "test"}, "published results are of these"
    assert of("train/1.png", "test/1.png") == {"test/1.png": "test"}, "validation is drawn from the others"
    assert of("train/1.png", "more/1.png") == {}
    assert of("train/1.png", "train/2.png") == {}


def test_numbered_pairs() -> None:
    def names(*given: int | str) -> list[Path]:
        return [Path(f"{one:05d}.tif" if isinstance(one, int) else one) for one in given]

    folder = names(10, 11, 12, 13, 15, 20, 21, "notes.tif")
    pairs, alone = consecutive(folder, folder)
    assert pairs == [tuple(names(10, 11)), tuple(names(12, 13)), tuple(names(20, 21))]
    assert alone == sorted(names(15, "notes.tif"))
    pairs, alone = consecutive(names(1, 3, 5, 7), names(2, 6, 8))
    assert pairs == [tuple(names(1, 2)), tuple(names(5, 6)), tuple(names(7, 8))], "not by order, which would mix them"
    assert alone == names(3)
    assert consecutive(names("a9.tif"), names("b10.tif"))[0] == []
    assert consecutive(names("a9x.tif"), names("a10x.tif"))[0] == [tuple(names("a9x.tif", "a10x.tif"))]


def test_numbered_files_of_one_folder_get_their_roles(tmp_path: Path) -> None:
    for number, image in enumerate(smooth_images(6, 48), start=8):
        save(tmp_path / f"{number:04d}.png", image)
    options = PrepareOptions(name="p", raw=(tmp_path,), kind="paired", arrangement="numbered")
    found, alone, _ = find_candidates(options)
    assert not alone
    assert [(one.path.stem, one.role) for one in found] == [
        (f"{number:04d}", "input" if number % 2 == 0 else "target") for number in range(8, 14)
    ]


def test_an_arrangement_that_does_not_go_with_the_kind(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="arrangement=bids goes with kind=single or kind=masked, not with paired"):
        find_candidates(PrepareOptions(name="p", raw=(tmp_path,), kind="paired", arrangement="bids"))


def test_a_small_category_is_in_every_split_whatever_the_order() -> None:
    groups, strata = [f"a{i}" for i in range(12)] + ["b0", "b1", "b2"], ["a"] * 12 + ["b"] * 3
    for seed in range(10):
        splits = assign_splits(groups, seed, strata=strata)
        assert {splits[group] for group in ("b0", "b1", "b2")} == {"train", "val", "test"}
