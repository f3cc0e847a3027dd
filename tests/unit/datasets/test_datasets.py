"""Groups, splits, pairs, shifts, preparation, patches."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.sources import match_by_name
from sem_models.datasets.preparation.write import write_dataset
from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.datasets.sampling.bank import PatchBank
from sem_models.datasets.sampling.sampler import PatchSampler
from sem_models.datasets.splits.grouping import assign_splits, group_of, guess_group_pattern
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph


def test_groups_are_whole_words() -> None:
    names = ["C1-3_A.tif", "C10-1_B.tif", "x1-1_CPD.tif", "X1-2.tif", "Sc2Tile_001.png"]
    pattern = guess_group_pattern(names)
    assert [group_of(name, pattern) for name in names] == ["c1", "c10", "x1", "x1", "sc2"]
    assert group_of("sub-rat3_sample-9.png", guess_group_pattern([f"sub-rat{k}_x.png" for k in range(4)])) == "sub-rat3"
    with pytest.raises(UserError, match="does not match"):
        group_of("9.tif", r"^[a-z]+")
    with pytest.raises(UserError, match="regular expression"):
        group_of("9.tif", "(")


@pytest.mark.parametrize("sizes", [[1, 1, 1], [20, 1, 1], [5, 4, 4, 3, 2, 2], [1] * 40])
def test_splits_are_whole_groups_near_60_20_20(sizes: list[int]) -> None:
    groups = [f"g{k}" for k, size in enumerate(sizes) for _ in range(size)]
    splits = assign_splits(groups, 0)
    assert set(splits.values()) == {"train", "val", "test"}
    assert splits == assign_splits(list(reversed(groups)), 0)
    if len(sizes) == 40:
        shares = [sum(split == name for split in splits.values()) for name in ("train", "val", "test")]
        assert shares == [24, 8, 8]
    with pytest.raises(UserError, match="set group_by"):
        assign_splits(["a", "b"], 0)


def test_named_groups_form_the_test_split_alone() -> None:
    groups = [f"rat{k}" for k in range(10) for _ in range(3)]
    splits = assign_splits(groups, 0, "RAT[37]$")
    assert {group for group, split in splits.items() if split == "test"} == {"rat3", "rat7"}
    assert sorted(splits.values()).count("train") == 6 and sorted(splits.values()).count("val") == 2
    with pytest.raises(UserError, match="No group matches the test groups 'mouse'; the groups are rat0"):
        assign_splits(groups, 0, "mouse")
    with pytest.raises(UserError, match="training and validation need one each"):
        assign_splits(groups, 0, "rat[0-8]")
    with pytest.raises(UserError, match="regular expression"):
        assign_splits(groups, 0, "(")


def test_pairs_by_name_never_by_guess() -> None:
    def paths(*names: str) -> list[Path]:
        return [Path(name) for name in names]

    found = match_by_name(paths("a_lr.tif", "b.tif", "c.tif"), paths("A_hr.png", "b.tif", "d.tif"))
    assert [(a.name, b.name) for a, b in found.pairs] == [("a_lr.tif", "A_hr.png"), ("b.tif", "b.tif")]
    assert [path.name for path in found.alone] == ["c.tif", "d.tif"]
    twice = match_by_name(paths("x_se.tif"), paths("x_bse.tif", "x_tem.tif"))
    assert twice.pairs == ()
    order = match_by_name(paths("101.tif", "103.tif"), paths("102.tif", "104.tif"))
    assert order.by == "order"
    assert [(a.stem, b.stem) for a, b in order.pairs] == [("101", "102"), ("103", "104")]


def texture(seed: int, size: int = 160) -> np.ndarray:
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), 3)
    return 100 + 60 * field / field.std()


@pytest.mark.parametrize("shift", [(0, 0), (5, -7), (-12, 3)])
@pytest.mark.parametrize("contrast", [1, -1])
def test_shift_is_found_even_in_inverted_contrast(shift: tuple[int, int], contrast: int) -> None:
    """The moving image shows what lies `shift` further down and right; detectors may invert contrast."""
    field = texture(1)
    fixed = field[30:130, 30:130]
    moving = 100 + contrast * (field[30 - shift[0] : 130 - shift[0], 30 - shift[1] : 130 - shift[1]] - 100)
    moving = moving + np.random.default_rng(0).normal(0, 3, moving.shape)
    assert find_shift(fixed, moving) == pytest.approx(shift, abs=0.3)
    cut, other = crop_to_overlap(fixed[:, :, None], moving[:, :, None], shift)
    assert cut.shape == other.shape == (100 - abs(shift[0]), 100 - abs(shift[1]), 1)
    assert np.corrcoef(cut.ravel(), contrast * other.ravel())[0, 1] > 0.99


def write(folder: Path, name: str, pixels: np.ndarray, size_nm: float | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_micrograph(folder / name, Micrograph(np.clip(pixels, 0, 255).astype(np.uint8)[:, :, None], size_nm))


def test_prepare_twice_is_one_dataset(tmp_path: Path, raw_images: Path) -> None:
    options = PrepareOptions(name="a", raw=(raw_images,))
    first = write_dataset(plan_dataset(options), tmp_path / "a")
    again = write_dataset(plan_dataset(options), tmp_path / "a")
    elsewhere = write_dataset(plan_dataset(PrepareOptions(name="b", raw=(raw_images,))), tmp_path / "b")
    assert first.digest == again.digest == elsewhere.digest
    assert open_dataset(tmp_path / "a").digest == first.digest
    other = plan_dataset(PrepareOptions(name="a", raw=(raw_images,), seed=5, databar_rows=3))
    with pytest.raises(UserError, match="other content"):
        write_dataset(other, tmp_path / "a")
    entry = first.manifest.entries[0]
    assert entry.arrays[0].pixel_size_nm == 2.5
    assert first.array(entry, "image").shape == (96, 96, 1)
    groups = {split: {e.group for e in first.entries(split)} for split in ("train", "val", "test")}
    assert not groups["train"] & groups["val"] | groups["val"] & groups["test"] | groups["train"] & groups["test"]


def test_one_bad_file_does_not_spoil_the_folder(tmp_path: Path, raw_images: Path) -> None:
    (raw_images / "S9-broken.tif").write_bytes(b"II*\0nonsense")
    dataset = write_dataset(plan_dataset(PrepareOptions(name="a", raw=(raw_images,))), tmp_path / "a")
    assert len(dataset.manifest.entries) == 6
    assert [item.source for item in dataset.manifest.skipped] == ["S9-broken.tif"]


def test_images_that_become_equal_are_refused_in_two_splits(tmp_path: Path, raw_images: Path) -> None:
    """The last check, of what is written: a plan puts copies into one group, but a caller can change a plan."""
    first = next(iter(sorted(raw_images.iterdir())))
    (raw_images / f"{first.stem}-copy.tif").write_bytes(first.read_bytes())
    plan = plan_dataset(PrepareOptions(name="a", raw=(raw_images,)))
    other = {"train": "test", "val": "test", "test": "train"}
    changed = [replace(i, split=other[i.split]) if "copy" in i.source else i for i in plan.images]
    with pytest.raises(UserError, match="same image"):
        write_dataset(replace(plan, images=tuple(changed)), tmp_path / "a")
    assert not list(tmp_path.glob(".a.*"))


def test_unreadable_manifests_refuse(small_dataset: Dataset) -> None:
    path = small_dataset.folder / "manifest.json"
    content = json.loads(path.read_text())
    for damage in ("{", json.dumps({**content, "version": 9}), json.dumps({**content, "entries": "none"})):
        path.write_text(damage)
        with pytest.raises(UserError, match="manifest"):
            open_dataset(small_dataset.folder)
    content["entries"][0]["arrays"][0]["file"] = "../../secret.npy"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="out of the dataset"):
        open_dataset(small_dataset.folder)


def test_missing_array_refuses(small_dataset: Dataset) -> None:
    next(small_dataset.folder.glob("*.npy")).unlink()
    with pytest.raises(UserError, match="missing or damaged"):
        open_dataset(small_dataset.folder)


def test_paired_shift_is_reported_and_applied_on_request(tmp_path: Path) -> None:
    for index in range(3):
        field = texture(index)
        write(tmp_path / "in", f"s{index}.tif", field[20:120, 20:120])
        write(tmp_path / "out", f"s{index}.tif", field[16:116, 25:125])
    options = PrepareOptions(
        name="p", raw=(tmp_path / "in",), kind="paired", target=tmp_path / "out", max_residual_px=np.inf
    )
    dataset = write_dataset(plan_dataset(options), tmp_path / "p")
    assert all(entry.shift_px == pytest.approx((4, -5), abs=0.2) for entry in dataset.manifest.entries)
    assert not dataset.manifest.entries[0].shift_applied
    applied = write_dataset(plan_dataset(PrepareOptions(**{**vars(options), "registration": "shift"})), tmp_path / "q")
    entry = applied.manifest.entries[0]
    assert entry.array("input").shape == entry.array("target").shape == (96, 95, 1)
    difference = applied.array(entry, "input").astype(int) - applied.array(entry, "target")
    assert np.abs(difference).max() <= 1


def test_masked_and_unpaired_kinds(tmp_path: Path) -> None:
    for index in range(3):
        write(tmp_path / "raw", f"s{index}.tif", texture(index, 60))
        write(tmp_path / "masks", f"s{index}_mask.png", (texture(index, 60) > 100) * 2)
    masked = write_dataset(
        plan_dataset(PrepareOptions(name="m", raw=(tmp_path / "raw",), kind="masked", masks=tmp_path / "masks")),
        tmp_path / "m",
    )
    labels = masked.array(masked.manifest.entries[0], "mask")
    assert masked.manifest.label_values == (0, 2)
    assert set(np.unique(labels)) == {0, 1}
    write(tmp_path / "masks", "s1_mask.png", np.zeros((50, 60)))
    with pytest.raises(UserError, match="export both with the same size"):
        write_dataset(
            plan_dataset(PrepareOptions(name="n", raw=(tmp_path / "raw",), kind="masked", masks=tmp_path / "masks")),
            tmp_path / "n",
        )
    for index in range(3):
        write(tmp_path / "b", f"t{index}.tif", texture(index + 9, 60))
    options = PrepareOptions(
        name="u", raw=(tmp_path / "raw",), kind="unpaired", target=tmp_path / "b", group_by=r"^\w(\d)"
    )
    unpaired = write_dataset(plan_dataset(options), tmp_path / "u")
    assert (
        sorted(array.role for entry in unpaired.manifest.entries for array in entry.arrays)
        == ["input"] * 3 + ["target"] * 3
    )


def test_bids_side_car_gives_the_pixel_size(tmp_path: Path) -> None:
    for index in range(3):
        write(tmp_path, f"sub-{index}_SEM.tif", texture(index, 40))
    (tmp_path / "sub-0_SEM.json").write_text(json.dumps({"PixelSize": [0.18, 0.18], "PixelSizeUnits": "um"}))
    plan = plan_dataset(PrepareOptions(name="a", raw=(tmp_path,)))
    assert next(image for image in plan.images if image.path.stem == "sub-0_SEM").pixel_size_nm == pytest.approx(180)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32"])
def test_sampler_cuts_what_numpy_cuts(tmp_path: Path, dtype: str) -> None:
    """Every patch is one of the eight symmetries of a crop of one image, with the intensity limits of that image."""
    sizes = [(40, 50), (33, 60), (48, 41)]
    top = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    rng = np.random.default_rng(0)
    for index, size in enumerate(sizes):
        pixels = (rng.random((*size, 1)) * top).astype(dtype)
        write_micrograph(tmp_path / f"s{index}.tif", Micrograph(pixels))
    plan = plan_dataset(PrepareOptions(name="a", raw=(tmp_path,)))
    dataset = write_dataset(plan, tmp_path / "a")
    sampler = PatchSampler(PatchBank(dataset, "train", ("image",), torch.device("cpu")), 8, 40, seed=1)
    patches = sampler.batch()["image"][:, 0].numpy()
    image = dataset.unit(dataset.entries("train")[0], "image")[0]
    crops = np.lib.stride_tricks.sliding_window_view(image, (8, 8)).reshape(-1, 8, 8)
    symmetric = [np.rot90(flip, turn, (1, 2)) for flip in (crops, crops[:, :, ::-1]) for turn in range(4)]
    known = {np.round(crop, 4).tobytes(): index for index, group in enumerate(symmetric) for crop in group}
    used = [known[np.round(patch, 4).tobytes()] for patch in patches]
    assert len(set(used)) == 8


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("offset", [0, 2**24, 2**31, 2**32 - 2001])
def test_grey_levels_far_from_zero_are_scaled_exactly(tmp_path: Path, offset: int, mixed: bool) -> None:
    """2000 of 2^32 grey levels, as detectors that count record them, beside images of another type or not."""
    rng = np.random.default_rng(0)
    for index in range(6):
        dtype, least = (np.uint16, 0) if mixed and index % 2 else (np.uint32, offset)
        pixels = (least + rng.integers(0, 2000, (40, 50, 1))).astype(dtype)
        write_micrograph(tmp_path / f"s{index}.tif", Micrograph(pixels))
    dataset = write_dataset(plan_dataset(PrepareOptions(name="a", raw=(tmp_path,))), tmp_path / "a")
    entries = dataset.manifest.entries
    plane = PatchBank(dataset, "train", ("image",), torch.device("cpu"), entries).planes["image"]
    index = plane.offsets[:, None, None, None] + torch.arange(2000).reshape(1, 40, 50, 1)
    found = plane.gather(torch.arange(6), index)[..., 0].numpy()
    expected = [
        (np.array(dataset.array(entry, "image")[..., 0], np.float64) - lo) / (hi - lo)
        for entry in entries
        for lo, hi in (entry.array("image").intensity,)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(plane.means[:, 0], np.mean(expected, axis=(1, 2)), atol=1e-6)
    assert set(plane.values) == ({"uint16", "uint32"} if mixed else {"uint32"})


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_grey_levels_that_a_float_holds_are_scaled_as_floats(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(0)
    for index in range(3):
        write_micrograph(tmp_path / f"s{index}.tif", Micrograph(rng.integers(0, 250, (40, 50, 1)).astype(dtype)))
    dataset = write_dataset(plan_dataset(PrepareOptions(name="a", raw=(tmp_path,))), tmp_path / "a")
    plane = PatchBank(dataset, "train", ("image",), torch.device("cpu")).planes["image"]
    array = dataset.entries("train")[0].array("image")
    lo, hi = array.intensity
    pixels = np.load(dataset.folder / array.file).astype(np.float32)
    found = plane.gather(torch.tensor([0]), torch.arange(2000).reshape(1, 40, 50, 1))[0].numpy()
    assert np.array_equal(found, (pixels - np.float32(lo)) / np.float32(hi - lo))


def test_sampler_resumes_and_keeps_pairs_together(tmp_path: Path) -> None:
    for index in range(3):
        sharp = np.clip(texture(index, 64), 0, 255).astype(np.uint8)
        write(tmp_path / "out", f"s{index}.tif", sharp)
        write(tmp_path / "in", f"s{index}.tif", sharp.reshape(32, 2, 32, 2).mean(axis=(1, 3)))
    options = PrepareOptions(name="p", raw=(tmp_path / "in",), kind="paired", target=tmp_path / "out")
    dataset = write_dataset(plan_dataset(options), tmp_path / "p")
    bank = PatchBank(dataset, "train", ("input", "target"), torch.device("cpu"))
    sampler = PatchSampler(bank, 16, 12, seed=0, scales={"input": 2})
    state = sampler.state_dict()
    batch = sampler.batch()
    assert batch["input"].shape == (12, 1, 8, 8)
    shrunk = torch.nn.functional.avg_pool2d(batch["target"], 2)
    assert (shrunk - batch["input"]).abs().max() < 2 / 255
    sampler.load_state_dict(state)
    assert torch.equal(sampler.batch()["target"], batch["target"])


def test_patch_larger_than_an_image_is_refused(small_dataset: Dataset) -> None:
    bank = PatchBank(small_dataset, "train", ("image",), torch.device("cpu"))
    with pytest.raises(UserError, match="smaller than the patch of 128 px"):
        PatchSampler(bank, 128, 2, seed=0)
