"""Masks that lie among micrographs are noticed by name or by grey levels, and not taken for micrographs in silence."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from pages.widgets.words import on_page
from pipelines.cli.options import CommandLineWords
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import Plan, plan_dataset
from sem_models.datasets.preparation.suspected_masks import grey_levels_of_a_mask, masks_by_name
from sem_models.datasets.preparation.write import write_dataset
from tests.support.images import smooth_images

KEPT = {f"S{index}.png" for index in range(4)}


def mask_of(image: np.ndarray, levels: int = 2) -> np.ndarray:
    """Areas of equal grey: the smoothed image in steps."""
    smooth = gaussian_filter(image.astype(float), 6)
    edges = np.quantile(smooth, np.linspace(0, 1, levels + 1)[1:-1])
    found: np.ndarray = (np.digitize(smooth, edges) * (255 // (levels - 1))).astype(np.uint8)
    return found


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Four micrographs, a mask of two of them beside them, and masks of the others in a folder below."""
    place = tmp_path / "raw"
    (place / "masks").mkdir(parents=True)
    images = smooth_images(4)
    for index, image in enumerate(images):
        Image.fromarray(image).save(place / f"S{index}.png")
    Image.fromarray(mask_of(images[0])).save(place / "S0_mask.png")
    Image.fromarray(mask_of(images[1], 4)).save(place / "S1_seg-axon-manual.png")
    Image.fromarray(mask_of(images[2])).save(place / "masks" / "s2-Labels.tif")
    return place


def planned(raw: Path, **more: object) -> Plan:
    return plan_dataset(PrepareOptions(name="d", raw=(raw,), databar_rows=0, **more))  # type: ignore[arg-type]


def sources(plan: Plan) -> set[str]:
    return {image.source for image in plan.images}


def test_masks_by_name_are_left_out_and_named(raw: Path, tmp_path: Path) -> None:
    plan = planned(raw)
    assert sources(plan) == KEPT
    assert {lost.source: str(lost.reason) for lost in plan.skipped} == {
        "S0_mask.png": "S0_mask.png: named like a mask of S0.png.",
        "S1_seg-axon-manual.png": "S1_seg-axon-manual.png: named like a mask of S1.png.",
        "s2-Labels.tif": "s2-Labels.tif: named like a mask of S2.png.",
    }
    (note,) = [str(note) for note in plan.notes if "left out" in str(note)]
    assert note.startswith("3 files are left out: they are named like masks of another file, such as S0_mask.png of S0")
    manifest = write_dataset(plan, tmp_path / "d").manifest
    assert {entry.name for entry in manifest.entries} == KEPT
    assert len(manifest.skipped) == 3


def test_the_user_can_ask_for_them_and_is_warned_of_their_grey_levels(raw: Path) -> None:
    plan = planned(raw, masks_as_images=True)
    assert sources(plan) == {*KEPT, "S0_mask.png", "S1_seg-axon-manual.png", "s2-Labels.tif"}
    assert not plan.skipped
    (note,) = [str(note) for note in plan.notes if "flat areas" in str(note)]
    assert note.startswith("3 images consist of flat areas, as masks and drawings do: S0_mask.png, S1_seg-axon-manual")
    assert "(S0_mask.png has 2 grey levels)" in note


def test_masks_of_any_name_are_noticed_by_their_grey_levels(raw: Path) -> None:
    (raw / "S0_mask.png").rename(raw / "Z9.png")
    plan = planned(raw)
    assert sources(plan) == {*KEPT, "Z9.png"}
    (note,) = [str(note) for note in plan.notes if "flat areas" in str(note)]
    assert note.startswith("1 image consists of flat areas, as masks and drawings do: Z9.png (Z9.png has 2 grey levels")


def test_micrographs_alone_and_whole_domains_of_masks_raise_no_note(raw: Path, tmp_path: Path) -> None:
    names = ("S0_mask.png", "S1_seg-axon-manual.png", "masks/s2-Labels.tif")
    other = tmp_path / "other"
    other.mkdir()
    for name in names:
        (raw / name).rename(other / Path(name).name)
    for plan in (planned(raw), planned(raw, kind="unpaired", target=other)):
        assert not [note for note in plan.notes if "mask" in str(note)]
        assert not plan.skipped


def test_both_front_ends_say_what_to_do(raw: Path) -> None:
    (note,) = [note for note in planned(raw).notes if "left out" in str(note)]
    command, page = note.render(CommandLineWords()), on_page(note)
    assert "use --kind masked with --masks. If they are micrographs, use --masks-as-images." in command
    assert "Files named like masks are images" in page


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("a.tif a_mask.png", {"a_mask.png": "a.tif"}),
        ("A.tif a-SEG.png a.labels.tif", {"a-SEG.png": "A.tif", "a.labels.tif": "A.tif"}),
        ("a_SEM.png a_SEM_seg-myelin-manual.png", {"a_SEM_seg-myelin-manual.png": "a_SEM.png"}),
        ("a_mask.png b.png", {}),
        ("mask.png mask_2.png segment.png segment_a.png a.png amask.png", {}),
        ("a_unmasked.png a.png a_labelled.png a_gt.png a_bse.png", {}),
    ],
)
def test_names(names: str, expected: dict[str, str]) -> None:
    found = masks_by_name([Path(name) for name in names.split()])
    assert {mask.name: image.name for mask, image in found.items()} == expected


@pytest.mark.parametrize("levels", [2, 16])
def test_compressed_and_resampled_masks_keep_the_levels_of_their_areas(levels: int, tmp_path: Path) -> None:
    steps = np.kron(np.arange(16).reshape(4, 4) % levels, np.ones((60, 60))) * (255 // (levels - 1))
    mask = Image.fromarray(steps.astype(np.uint8))
    mask.save(tmp_path / "m.jpg", quality=90)
    for changed in (Image.open(tmp_path / "m.jpg"), mask.resize((400, 400), Image.Resampling.BICUBIC)):
        pixels = np.asarray(changed)[..., None]
        assert len(np.unique(pixels)) > levels
        assert grey_levels_of_a_mask(pixels) == levels


def test_dark_surroundings_and_few_bits_make_no_mask() -> None:
    rng = np.random.default_rng(0)
    dark = np.zeros((128, 128, 1), np.uint8)
    dark[:, 80:] = rng.integers(0, 255, (128, 48, 1))
    assert grey_levels_of_a_mask(dark) is None
    assert grey_levels_of_a_mask(rng.integers(0, 16, (128, 128, 1)).astype(np.uint8)) is None
    assert grey_levels_of_a_mask(np.kron(np.arange(64).reshape(8, 8, 1), np.ones((16, 16, 1), int))) is None
