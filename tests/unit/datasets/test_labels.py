"""Masks as label maps: classes, stray values, files that are not label maps, one-hot, choice between several masks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sem_models.datasets.dataset import Dataset, digest_of, open_dataset
from sem_models.datasets.labels import count_labels, find_labels
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import class_shares, plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import FieldRef, UserError
from sem_models.images.display import coloured
from sem_models.images.micrograph import Micrograph
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings


@pytest.fixture
def classes() -> list[np.ndarray]:
    return [rings(seed) for seed in range(4)]


@pytest.fixture
def dataset(tmp_path: Path, classes: list[np.ndarray]) -> Dataset:
    options = masked_files(tmp_path, ["s0", "s1", "s2", "s3"], [RAW_OF_CLASS[mask] for mask in classes])
    return write_dataset(plan_dataset(options), tmp_path / "m")


def test_masks_are_stored_as_class_indices(dataset: Dataset, classes: list[np.ndarray]) -> None:
    assert dataset.manifest.label_values == (0, 127, 255)
    again = open_dataset(dataset.folder)
    for index, entry in enumerate(again.manifest.entries):
        stored = again.array(entry, "mask")
        assert stored.dtype == np.uint8
        assert np.array_equal(stored[..., 0], classes[index])
        assert np.array_equal(again.unit(entry, "mask")[0], classes[index].astype(np.float32))
        one_hot = again.one_hot(entry)
        assert one_hot.dtype == np.float32
        assert one_hot.shape == (3, 64, 64)
        assert np.array_equal(one_hot.argmax(0), classes[index])
        assert np.array_equal(one_hot.sum(0), np.ones((64, 64)))


def test_empty_masks_may_be_alike(tmp_path: Path, classes: list[np.ndarray]) -> None:
    masks = [RAW_OF_CLASS[classes[0]], *(np.zeros((64, 64), np.uint8) for _ in range(3))]
    empty = write_dataset(plan_dataset(masked_files(tmp_path, ["s0", "s1", "s2", "s3"], masks)), tmp_path / "m")
    assert len({entry.split for entry in empty.manifest.entries if not empty.array(entry, "mask").any()}) > 1


def test_label_values_are_part_of_the_digest_and_their_absence_is_not(dataset: Dataset) -> None:
    other = dataset.manifest.model_copy(update={"label_values": (0, 1, 2)})
    assert digest_of(other) != dataset.digest
    old = Manifest(name="old", kind="single", group_by="x", seed=0, entries=())
    # The digest that this manifest had before there were labels.
    assert digest_of(old) == "739d192fc1a5b7deda0d170988570e753f79f47923ab3538db5bdf42153f9b62"


def test_grey_and_alpha_is_read_colour_and_smooth_edges_are_not(tmp_path: Path) -> None:
    labels = RAW_OF_CLASS[rings(0)]
    alpha = np.stack([labels, np.full_like(labels, 255)], axis=2)
    assert set(count_labels(Micrograph(alpha))) == {0, 127, 255}
    colour = np.stack([labels, labels // 2, labels], axis=2)
    with pytest.raises(UserError, match="coloured mask"):
        count_labels(Micrograph(colour))
    Image.fromarray(labels).save(tmp_path / "mask.jpg", quality=60)
    smoothed = np.asarray(Image.open(tmp_path / "mask.jpg"))[:, :, None]
    with pytest.raises(UserError, match="JPEG"):
        count_labels(Micrograph(smoothed))
    with pytest.raises(UserError, match="whole numbers"):
        count_labels(Micrograph(labels[:, :, None].astype(np.float32) / 255))


def test_values_that_are_nearly_alike_are_one_class_only_if_never_together() -> None:
    found = find_labels([{0: 500, 127: 300, 255: 200}, {0: 500, 128: 100, 255: 400}])
    assert found.values == (0, 127, 255)
    assert found.merged == {128: 127}
    assert "128" in found.notes[0]
    together = find_labels([{0: 500, 127: 300, 128: 200}, {0: 500, 128: 100}])
    assert together.values == (0, 127, 128)
    # Neither does it lead from one value to the next, nor are two classes of one mask joined by a third value.
    chain = find_labels([{0: 500, 126: 10}, {0: 500, 127: 20}, {0: 500, 128: 30}, {0: 500, 255: 100}])
    assert chain.merged == {126: 128, 127: 128}
    assert chain.classes(np.array([[0, 126, 127, 128, 255]])).tolist() == [[0, 1, 1, 1, 2]]
    between = find_labels([{0: 500, 127: 50}, {0: 500, 126: 10, 128: 20}])
    assert between.values == (0, 126, 127)
    assert between.merged == {128: 127}
    # Indices: the classes of the two images differ, whatever their distance.
    indices = find_labels([{0: 500, 1: 300}, {0: 500, 2: 100}])
    assert indices.values == (0, 1, 2)
    assert not indices.notes


def test_stray_pixels_go_to_the_nearest_class_and_are_named() -> None:
    found = find_labels([{0: 40_000, 127: 50_000, 255: 20_000}, {0: 40_000, 128: 40_000, 130: 5, 233: 4, 255: 20_000}])
    assert found.values == (0, 127, 255)
    mask = np.array([[0, 127, 128], [130, 233, 255]], np.uint8)
    assert found.classes(mask).tolist() == [[0, 1, 1], [1, 2, 2]]
    assert "130 (5 px)" in " ".join(found.notes)
    assert found.shares([{0: 60, 128: 30, 130: 5, 255: 5}]) == pytest.approx((0.6, 0.35, 0.05))
    with pytest.raises(UserError, match="77"):
        found.classes(np.array([[77]], np.uint8))


def test_too_many_or_too_few_classes_refuse() -> None:
    with pytest.raises(UserError, match="instance numbers"):
        find_labels([dict.fromkeys(range(k, k + 10), 10) for k in (0, 10)])
    with pytest.raises(UserError, match="1 class"):
        find_labels([{255: 10}])


def test_shares_are_those_of_the_pixels(tmp_path: Path, classes: list[np.ndarray]) -> None:
    plan = plan_dataset(masked_files(tmp_path, list("abcd"), [RAW_OF_CLASS[mask] for mask in classes]))
    counted = np.bincount(np.stack(classes).ravel()) / np.stack(classes).size
    assert list(class_shares(plan).values()) == pytest.approx(counted.tolist())
    assert list(class_shares(plan)) == [0, 127, 255]


def test_of_several_masks_the_combined_one_or_the_chosen_one(tmp_path: Path, classes: list[np.ndarray]) -> None:
    names = [f"sub-{k}_sample-1_SEM" for k in range(4)]
    masked_files(tmp_path, names, [(mask == 2).astype(np.uint8) * 255 for mask in classes], "_seg-axon-manual.png")
    options = masked_files(tmp_path, names, [RAW_OF_CLASS[m] for m in classes], "_seg-axonmyelin-manual.png")
    combined = plan_dataset(options)
    assert combined.labels is not None
    assert combined.labels.values == (0, 127, 255)
    assert any(
        "4 mask files are not used" in str(note) and FieldRef("mask_suffix") in note.parts for note in combined.notes
    )
    # The raw folder above the masks: none of them is taken for an image.
    values = {**vars(options), "raw": (tmp_path,), "mask_suffix": "_seg-axon-manual"}
    chosen = plan_dataset(PrepareOptions(**values))
    assert chosen.labels is not None
    assert chosen.labels.values == (0, 255)
    assert not any("order of their names" in str(note) for note in chosen.notes)
    assert {image.path.stem for image in chosen.images if image.role == "image"} == set(names)
    with pytest.raises(UserError, match="ends in '_nothing'"):
        plan_dataset(PrepareOptions(**{**values, "mask_suffix": "_nothing"}))


def test_colours_differ_and_class_0_shows_the_image() -> None:
    classes = np.arange(16).reshape(4, 4)
    assert len(np.unique(coloured(classes).reshape(-1, 3), axis=0)) == 16


@pytest.mark.realdata
def test_real_masks_of_five_values_are_three_classes(shared_data: Path) -> None:
    folder = shared_data / "axon_myelin_sem"
    plan = plan_dataset(PrepareOptions(name="a", raw=(folder,), kind="masked", masks=folder / "derivatives"))
    assert plan.labels is not None
    assert plan.labels.values == (0, 127, 255)
    assert dict(plan.labels.merged) == {128: 127, 130: 127, 233: 255}
    assert sum(image.role == "mask" for image in plan.images) == 10
    assert all("axonmyelin" in image.source for image in plan.images if image.role == "mask")
