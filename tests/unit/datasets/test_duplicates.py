"""What a plan makes of copies, overlapping fields and repeated pages."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from pipelines.__main__ import app
from sem_models.datasets.dataset import digest_of
from sem_models.datasets.preparation import planned_file
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from tests.support.images import smooth_images


def folder_of(place: Path, images: dict[str, np.ndarray]) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        Image.fromarray(image).save(place / name)
    return place


def single(raw: Path, **more: object) -> Plan:
    return plan_dataset(PrepareOptions(name="d", raw=(raw,), databar_rows=0, **more))  # type: ignore[arg-type]


def splits_of(plan: Plan) -> dict[str, str]:
    return {image.source: image.split for image in plan.images}


def five(size: int = 128) -> dict[str, np.ndarray]:
    return {f"S{index}-a.png": image for index, image in enumerate(smooth_images(5, size))}


@pytest.mark.parametrize("seed", range(4))
def test_copies_and_overlapping_fields_share_a_split_whatever_their_names(tmp_path: Path, seed: int) -> None:
    images = five(160)
    field = images["S0-a.png"]
    images["S0-a.png"], images["S7-b.png"] = field[:128, :128], field[32:, 32:]
    images["S8-c.png"] = np.asarray(Image.fromarray(images["S3-a.png"]).resize((112, 112)))
    plan = single(folder_of(tmp_path / "raw", images), seed=seed)
    split = splits_of(plan)
    assert split["S0-a.png"] == split["S7-b.png"] and split["S3-a.png"] == split["S8-c.png"]
    assert [found.sources for found in plan.duplicates.sets] == [("S0-a.png", "S7-b.png"), ("S3-a.png", "S8-c.png")]
    assert {image.group for image in plan.images} == {"s0", "s1", "s2", "s3", "s4"}
    assert "2 images show the same field, wholly or in part: S0-a.png, S7-b.png." in str(plan.notes[0])
    entries = write_dataset(plan, tmp_path / "d").manifest.entries
    assert {entry.name: entry.group_by_name for entry in entries if entry.group_by_name} == {
        "S7-b.png": "s7", "S8-c.png": "s8",
    }  # fmt: skip


def test_without_duplicates_the_digest_is_as_before(tmp_path: Path) -> None:
    """The manifest has a new field, which is empty and does not enter the digest."""
    manifest = write_dataset(single(folder_of(tmp_path / "raw", five())), tmp_path / "d").manifest
    assert all(entry.group_by_name is None for entry in manifest.entries)
    named = manifest.entries[0].model_copy(update={"group_by_name": "x"})
    assert digest_of(manifest) != digest_of(manifest.model_copy(update={"entries": (named, *manifest.entries[1:])}))


def test_copies_are_read_once_and_form_one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = folder_of(tmp_path / "raw", five())
    for index in range(200):
        (raw / f"X{index:03d}-copy.png").write_bytes((raw / "S1-a.png").read_bytes())
    reads: list[Path] = []
    read_pages = planned_file.read_pages
    monkeypatch.setattr(planned_file, "read_pages", lambda path: reads.append(path) or read_pages(path))
    plan = single(raw)
    assert len(reads) == 5
    copies = {image.source: image for image in plan.images if "copy" in image.source or image.source == "S1-a.png"}
    assert len(copies) == 201 and len({image.split for image in copies.values()}) == 1
    assert {image.path.name for image in copies.values()} == set(copies)
    (found,) = plan.duplicates.sets
    assert found.are_copies and found.groups_by_name == 201
    assert str(plan.notes[0]).startswith("201 images have equal pixels: S1-a.png, X000-copy.png, X001-copy.png and 198")


def test_nothing_but_copies_is_refused_with_the_reason(tmp_path: Path) -> None:
    raw = folder_of(tmp_path / "raw", {f"S{index}.png": smooth_images(1)[0] for index in range(6)})
    with pytest.raises(UserError, match=r"Only 1 group found \(s0\).* 6 images have equal pixels: S0.png, S1.png"):
        single(raw)


def test_named_test_groups_take_what_is_joined_to_them(tmp_path: Path) -> None:
    images = five()
    images["T9-x.png"] = images["S2-a.png"]
    split = splits_of(single(folder_of(tmp_path / "raw", images), test_groups="^t9$"))
    assert {name for name, one in split.items() if one == "test"} == {"S2-a.png", "T9-x.png"}


def test_targets_are_compared_with_targets(tmp_path: Path) -> None:
    """Two noisy inputs of one clean target are one field, although their inputs differ everywhere."""
    clean, noisy = five(), np.random.default_rng(0).integers(0, 255, (6, 128, 128), dtype=np.uint8)
    clean["S6-a.png"] = clean["S1-a.png"]
    target = folder_of(tmp_path / "clean", clean)
    raw = folder_of(tmp_path / "noisy", dict(zip(clean, noisy, strict=True)))
    plan = single(raw, kind="paired", target=target)
    split = splits_of(plan)
    assert split["S1-a.png"] == split["S6-a.png"]
    domains = single(raw, kind="unpaired", target=target)
    assert len({image.split for image in domains.images if image.source in ("S1-a.png", "S6-a.png")}) == 1


def test_repeated_pages_are_used_once(tmp_path: Path) -> None:
    raw = folder_of(tmp_path / "raw", five())
    first, second, *_ = smooth_images(4, 128, seed=9)
    tifffile.imwrite(raw / "S9-stack.tif", np.stack([first, second, first, first]), photometric="minisblack")
    plan = single(raw)
    pages = [image.sample for image in plan.images if "stack" in image.sample]
    assert pages == ["S9-stack.tif#0", "S9-stack.tif#1"]
    assert [str(item.reason) for item in plan.skipped] == [
        f"S9-stack.tif#{page}: identical to page S9-stack.tif#0, which is used once." for page in (2, 3)
    ]
    assert "2 pages of files repeat earlier pages" in str(plan.notes[0])


def test_a_repeated_clean_page_of_noisy_frames_is_kept(tmp_path: Path) -> None:
    for index in range(3):
        clean, *noisy = smooth_images(4, 64, seed=index)
        for place, pages in (("noisy", noisy), ("clean", [clean] * 3)):
            (tmp_path / place).mkdir(exist_ok=True)
            tifffile.imwrite(tmp_path / place / f"S{index}.tif", np.stack(pages), photometric="minisblack")
    plan = single(tmp_path / "noisy", kind="paired", target=tmp_path / "clean")
    assert len(plan.images) == 18 and not plan.skipped


def test_sections_of_one_block_are_not_joined(tmp_path: Path) -> None:
    """Neighbours resemble one another throughout a stack, which would be one group; the plan says so instead."""
    field = smooth_images(1, 128)[0].astype(float)
    drift = [field + 12 * image for image in np.random.default_rng(0).standard_normal((40, 128, 128))]
    images = {f"slice{i:03d}.png": np.clip(image, 0, 255).astype(np.uint8) for i, image in enumerate(drift)}
    plan = single(folder_of(tmp_path / "raw", images))
    assert not plan.duplicates.sets
    assert "numbered like serial sections" in str(plan.notes[0])


def test_the_command_line_lists_duplicates(tmp_path: Path, sem_home: Path) -> None:
    images = five() | {"S6-a.png": five()["S1-a.png"]}
    raw = folder_of(tmp_path / "raw", images)
    done = CliRunner().invoke(app, ["prepare", str(raw), "--name", "d", "--databar-rows", "0", "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["duplicates"] == [{"images": ["S1-a.png", "S6-a.png"], "group": "s1", "copies": True}]
    assert any("2 images have equal pixels" in note for note in result["notes"])
