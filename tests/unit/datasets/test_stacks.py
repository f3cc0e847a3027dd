"""Inputs of several files: how they are matched, joined, scaled and recorded in the manifest."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.sources import find_extra_inputs
from sem_models.datasets.preparation.write import write_dataset
from sem_models.datasets.sampling.bank import PatchBank
from sem_models.datasets.sampling.sampler import PatchSampler
from sem_models.errors import UserError
from sem_models.images.io.uploads import decode_stack
from sem_models.images.io.write import encode_tiff, write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.stack import assemble
from tests.support.old_manifests import before, old_digest


def pixels(seed: int, channels: int, top: int = 255, dtype: str = "uint8", height: int = 40) -> np.ndarray:
    return (np.random.default_rng(seed).random((height, 48, channels)) * top).astype(dtype)


def write(folder: Path, name: str, image: np.ndarray, size_nm: float | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_micrograph(folder / name, Micrograph(image, size_nm))


@pytest.fixture
def fields(tmp_path: Path) -> PrepareOptions:
    """Three fields in plane- and cross-polarised light and from one detector, with a target."""
    for index in range(3):
        write(tmp_path / "ppl", f"f{index}_ppl.tif", pixels(index, 3))
        write(tmp_path / "xpl", f"f{index}_xpl.tif", pixels(index + 10, 3), 500.0)
        write(tmp_path / "se", f"f{index}_se.tif", pixels(index + 20, 1))
        write(tmp_path / "target", f"f{index}_bse.tif", pixels(index + 30, 1))
    extra_inputs = (tmp_path / "xpl", tmp_path / "se")
    return PrepareOptions(
        name="s", raw=(tmp_path / "ppl",), kind="paired", target=tmp_path / "target", extra_inputs=extra_inputs
    )


def prepared(options: PrepareOptions, folder: Path) -> Dataset:
    return write_dataset(plan_dataset(options), folder)


def test_channels_follow_each_other_and_every_file_is_recorded(fields: PrepareOptions, tmp_path: Path) -> None:
    dataset = open_dataset(prepared(fields, tmp_path / "s").folder)
    for index, entry in enumerate(dataset.manifest.entries):
        expected = np.concatenate([pixels(index, 3), pixels(index + 10, 3), pixels(index + 20, 1)], axis=2)
        assert np.array_equal(dataset.array(entry, "input"), expected)
        stored = entry.array("input")
        assert [(part.source, part.channels) for part in stored.parts] == [
            (f"f{index}_ppl.tif", 3), (f"f{index}_xpl.tif", 3), (f"f{index}_se.tif", 1),
        ]  # fmt: skip
        for part, folder in zip(stored.parts, ("ppl", "xpl", "se"), strict=True):
            assert part.sha256 == hashlib.sha256((tmp_path / folder / part.source).read_bytes()).hexdigest()
        assert stored.pixel_size_nm == 500.0
        assert entry.array("target").parts == ()
    planned = plan_dataset(fields).images[0]
    assert (planned.shape, [part.source for part in planned.parts][1]) == ((40, 48, 7), "f0_xpl.tif")


def test_a_field_without_an_extra_input_is_left_out_and_named(fields: PrepareOptions, tmp_path: Path) -> None:
    for folder in ("ppl", "target", "se"):
        write(tmp_path / folder, f"f3_{folder}.tif", pixels(7, 1))
    write(tmp_path / "xpl", "f9_xpl.tif", pixels(8, 3))
    plan = plan_dataset(fields)
    assert len(plan.images) == 6
    reasons = " ".join(str(item.reason) for item in plan.skipped)
    assert "f3_ppl.tif: an extra input is missing" in reasons
    assert "f9_xpl.tif: no input of that name" in reasons


def test_files_of_two_sizes_types_or_scales_are_refused_by_name(fields: PrepareOptions, tmp_path: Path) -> None:
    wrong = {
        "48 x 40 pixels.*f1_xpl.tif has 48 x 36": (pixels(1, 3, height=36), 500.0),
        "uint8, but f1_xpl.tif is uint16": (pixels(1, 3, 60000, "uint16"), 500.0),
    }
    for words, (image, size) in wrong.items():
        write(tmp_path / "xpl", "f1_xpl.tif", image, size)
        with pytest.raises(UserError, match=rf"f1_ppl\.tif.*{words}"):
            plan_dataset(fields)
    write(tmp_path / "xpl", "f1_xpl.tif", pixels(11, 3), 500.0)
    for size, passes in ((504.0, True), (506.0, False)):
        write(tmp_path / "se", "f1_se.tif", pixels(21, 1), size)
        if passes:
            plan_dataset(fields)
            continue
        with pytest.raises(UserError, match=r"f1_xpl\.tif has pixels of 500 nm, f1_se\.tif of 506 nm"):
            plan_dataset(fields)


def test_no_file_is_used_twice(fields: PrepareOptions, tmp_path: Path) -> None:
    ppl, target = fields.raw[0], tmp_path / "target"
    for extra_inputs in ((ppl,), (tmp_path / "xpl", tmp_path / "xpl"), (ppl / "f0_ppl.tif",)):
        with pytest.raises(UserError, match="is in two of the input places"):
            plan_dataset(fields.model_copy(update={"extra_inputs": extra_inputs}))
    with pytest.raises(UserError, match="is a target and is under extra_inputs"):
        plan_dataset(fields.model_copy(update={"extra_inputs": (target,)}))
    (tmp_path / "copy").mkdir()
    for index in range(3):
        (tmp_path / "copy" / f"f{index}.tif").write_bytes((ppl / f"f{index}_ppl.tif").read_bytes())
    with pytest.raises(UserError, match="are the same image"):
        plan_dataset(fields.model_copy(update={"extra_inputs": (tmp_path / "copy",)}))
    with pytest.raises(UserError, match="goes with kind=paired"):
        plan_dataset(PrepareOptions(name="s", raw=(ppl,), extra_inputs=(target,)))


def test_one_extra_file_in_two_splits_is_refused(fields: PrepareOptions, tmp_path: Path) -> None:
    (tmp_path / "se" / "f2_se.tif").write_bytes((tmp_path / "se" / "f0_se.tif").read_bytes())
    with pytest.raises(UserError, match="same image"):
        prepared(fields, tmp_path / "s")


def test_equal_names_in_two_folders_do_not_form_one_input(tmp_path: Path) -> None:
    for index, folder in enumerate("abc"):
        write(tmp_path / folder, "image.tif", pixels(index, 1))
    with pytest.raises(UserError, match=r"a/image\.tif and .*b/image\.tif have the same name"):
        plan_dataset(PrepareOptions(name="s", raw=(tmp_path,)))


def test_extra_files_are_matched_by_name_else_by_order() -> None:
    first = [Path("a/x_ppl.tif"), Path("a/y_ppl.tif")]
    found = find_extra_inputs(first, [[Path("b/y_xpl.tif"), Path("b/x_xpl.tif")], [Path("c/y.tif")]])
    assert found.of == {first[1]: (Path("b/y_xpl.tif"), Path("c/y.tif"))}
    assert found.alone == (first[0],)
    assert found.unused == (Path("b/x_xpl.tif"),)
    assert find_extra_inputs(first, [[Path("b/102.tif"), Path("b/101.tif")]]).by_order
    assert not found.by_order


def test_each_detector_has_its_own_limits_in_training(tmp_path: Path) -> None:
    """By numpy: percentiles of each file; the sampled patches are parts of the image that `unit` returns."""
    for index in range(3):
        write(tmp_path / "a", f"f{index}.tif", pixels(index, 1, 4000, "uint16"))
        write(tmp_path / "b", f"f{index}.tif", pixels(index + 10, 1, 60000, "uint16"))
        write(tmp_path / "t", f"f{index}.tif", pixels(index + 20, 1, 900, "uint16"))
    options = PrepareOptions(
        name="s", raw=(tmp_path / "a",), kind="paired", target=tmp_path / "t", extra_inputs=(tmp_path / "b",)
    )
    dataset = prepared(options, tmp_path / "s")
    entry = dataset.entries("train")[0]
    unit = dataset.unit(entry, "input")
    for channel, native in zip(unit, np.moveaxis(dataset.array(entry, "input"), 2, 0), strict=True):
        lo, hi = np.percentile(native, (0.1, 99.9))
        assert np.allclose(channel, (native.astype(float) - lo) / (hi - lo), atol=1e-6)
    bank = PatchBank(dataset, "train", ("input",), torch.device("cpu"))
    sampler = PatchSampler(bank, 40, 4, seed=0, turns=False)
    columns = np.lib.stride_tricks.sliding_window_view(unit, (40, 40), (1, 2))[:, 0]
    for patch in sampler.batch()["input"].numpy():
        flips = (patch, patch[:, ::-1], patch[:, :, ::-1], patch[:, ::-1, ::-1])
        assert min(np.abs(columns - flip[:, None]).max((0, 2, 3)).min() for flip in flips) < 1e-5


def test_datasets_from_before_keep_their_digest(small_dataset: Dataset) -> None:
    """The digest as defined before inputs could have several files, of a manifest without that field."""
    content = before(small_dataset.folder)
    (small_dataset.folder / "manifest.json").write_text(json.dumps(content))
    digest = old_digest(content)
    assert open_dataset(small_dataset.folder).digest == digest == small_dataset.digest


def test_parts_count_in_the_digest(fields: PrepareOptions, tmp_path: Path) -> None:
    first = prepared(fields, tmp_path / "s")
    swapped = prepared(fields.model_copy(update={"extra_inputs": fields.extra_inputs[::-1]}), tmp_path / "t")
    assert first.digest != swapped.digest


def test_pages_of_a_request_are_one_stack() -> None:
    import io

    import tifffile

    parts = [pixels(1, 3), pixels(2, 3)]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for part in parts:
            writer.write(part, photometric="rgb")
    whole = decode_stack(buffer.getvalue(), 6)
    assert np.array_equal(whole.pixels, np.concatenate(parts, axis=2))
    assert whole.parts == (3, 3)
    one_page = decode_stack(encode_tiff(whole), 6)
    assert np.array_equal(one_page.pixels, whole.pixels)
    assert decode_stack(buffer.getvalue(), 3).channels == 3, "a model of colour images takes the first page"
    with pytest.raises(UserError, match="have 6 channels in total, but the model expects 7"):
        decode_stack(buffer.getvalue(), 7)


def test_assembled_images_name_all_sources() -> None:
    images = [Micrograph(pixels(k, 1), None, {"detector": f"d{k}"}, f"{k}.tif") for k in range(2)]
    whole = assemble(images)
    assert (whole.source, whole.metadata["detector"], whole.parts) == ("0.tif + 1.tif", "d0", (1, 1))
