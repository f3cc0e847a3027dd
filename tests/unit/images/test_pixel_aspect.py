"""Pixels that are not square: read from every format that states both sizes, kept by every step, and said."""

from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.images.io.read import read_micrograph, read_pages
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin, ProcessingStep

GREY = np.random.default_rng(0).integers(0, 255, (24, 36)).astype(np.uint8)
X_NM, Y_NM = 4.0, 5.0


def write_mrc(path: Path) -> None:
    with mrcfile.new(path, GREY.astype(np.int8)) as file:
        file.voxel_size = (10 * X_NM, 10 * Y_NM, 1.0)


def gatan(path: Path) -> None:
    tags = [(65003, "s", 0, "nm", True), (65004, "s", 0, "um", True)]
    tags += [(65009, "d", 1, X_NM, True), (65010, "d", 1, Y_NM / 1000, True)]
    tifffile.imwrite(path, GREY, extratags=tags)


def fibics(path: Path) -> None:
    scan = f"<Ux>{X_NM / 1000}</Ux><Uy>0</Uy><Vx>0</Vx><Vy>{-Y_NM / 1000}</Vy>"
    tifffile.imwrite(path, GREY, extratags=[(51023, "s", 0, f"<Fibics><Scan>{scan}</Scan></Fibics>", True)])


def ome(path: Path) -> None:
    sizes = {"PhysicalSizeX": X_NM, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": Y_NM / 1000, "PhysicalSizeYUnit": "um"}
    tifffile.imwrite(path, GREY, ome=True, metadata={"axes": "YX", **sizes})


def jeol(path: Path) -> None:
    density = f"<Horizontal>{1e9 / X_NM}</Horizontal><Vertical>{1e9 / Y_NM}</Vertical>"
    xml = f"<TemReporter><PixelsPerMeter>{density}</PixelsPerMeter></TemReporter>"
    tifffile.imwrite(path, GREY, description=xml, metadata=None)


WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "resolution": (
        "tif",
        lambda path: tifffile.imwrite(path, GREY, resolution=(1e7 / X_NM, 1e7 / Y_NM), resolutionunit=3),
    ),
    "ImageJ": (
        "tif",
        lambda path: tifffile.imwrite(
            path, GREY, imagej=True, resolution=(1 / X_NM, 1 / Y_NM), metadata={"unit": "nm"}
        ),
    ),
    "OME": ("tif", ome),
    "Gatan": ("tif", gatan),
    "Fibics": ("tif", fibics),
    "JEOL": ("tif", jeol),
    "MRC": ("mrc", write_mrc),
    "PNG": ("png", lambda path: Image.fromarray(GREY).save(path, dpi=(2.54e7 / X_NM, 2.54e7 / Y_NM))),
}


@pytest.mark.parametrize("name", WRITERS)
def test_both_sizes_are_read(name: str, tmp_path: Path) -> None:
    suffix, write = WRITERS[name]
    path = tmp_path / f"a.{suffix}"
    write(path)
    found = read_micrograph(path)
    assert found.pixel_size_nm == pytest.approx(X_NM, rel=1e-4)
    assert found.pixel_aspect == pytest.approx(Y_NM / X_NM, rel=1e-4)
    assert "4 nm wide but 5 nm high" in found.scale_warning
    assert "20% too short" in found.scale_warning


def atlas(path: Path, **scan: float) -> Micrograph:
    """Write and read a file of Zeiss Atlas, with these values in um."""
    values = "".join(f'<{key} units="um">{value:.9g}</{key}>' for key, value in scan.items())
    xml = f"<Fibics><Image><Width>{GREY.shape[1]}</Width></Image><Scan>{values}</Scan></Fibics>"
    tifffile.imwrite(path, GREY, extratags=[(51023, "s", 0, xml, True)])
    return read_micrograph(path)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 270])
def test_turning_the_scan_keeps_the_pixel_size(degrees: int, tmp_path: Path) -> None:
    """Rows and columns of a turned scan run along both axes of the stage."""
    cos, sin = np.cos(np.radians(degrees)) / 1000, np.sin(np.radians(degrees)) / 1000
    found = atlas(tmp_path / "a.tif", Ux=X_NM * cos, Uy=X_NM * sin, Vx=Y_NM * sin, Vy=-Y_NM * cos)
    assert found.pixel_size_nm == pytest.approx(X_NM, rel=1e-6)
    assert found.pixel_aspect == pytest.approx(Y_NM / X_NM, rel=1e-6)


def test_a_scan_without_a_pitch_has_the_width_of_its_field(tmp_path: Path) -> None:
    found = atlas(tmp_path / "a.tif", FOV_X=X_NM * GREY.shape[1] / 1000)
    assert (found.pixel_size_nm, found.pixel_aspect) == (pytest.approx(X_NM, rel=1e-6), 1.0)
    assert atlas(tmp_path / "b.tif").pixel_size_nm is None


@pytest.mark.parametrize("unit", ["nm", "um", "micron"])
def test_every_page_of_a_stack_has_the_sizes(unit: str, tmp_path: Path) -> None:
    """Only the first page of an ImageJ stack written by tifffile states the unit."""
    edge = 1.0 if unit == "nm" else 1000.0
    stack = np.stack([GREY, GREY[::-1], GREY[:, ::-1]])
    metadata = {"unit": unit, "axes": "ZYX"}
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, resolution=(edge / X_NM, edge / Y_NM), metadata=metadata)
    pages = list(read_pages(tmp_path / "a.tif"))
    assert [page.pixel_size_nm for page in pages] == pytest.approx([X_NM] * 3, rel=1e-4)
    assert [page.pixel_aspect for page in pages] == pytest.approx([Y_NM / X_NM] * 3, rel=1e-4)


def test_rounding_is_no_difference(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, resolution=(1e7 / 4.0, 1e7 / 4.02), resolutionunit=3)
    found = read_micrograph(tmp_path / "a.tif")
    assert (found.pixel_aspect, found.scale_warning) == (1.0, "")


@pytest.mark.parametrize("suffix", ["tif", "png"])
@pytest.mark.parametrize("origin", [Origin.RESTORED, Origin.TRANSLATED])
def test_results_have_the_sizes_of_their_input(tmp_path: Path, suffix: str, origin: Origin) -> None:
    image = Micrograph(GREY[..., None], X_NM, pixel_aspect=Y_NM / X_NM)
    result = image.processed(np.zeros((48, 72, 1), np.uint8), ProcessingStep.now(origin, "m"), 2)
    write_micrograph(tmp_path / f"a.{suffix}", result)
    back = read_micrograph(tmp_path / f"a.{suffix}")
    assert (back.pixel_size_nm, back.pixel_aspect) == (pytest.approx(2.0), pytest.approx(1.25))
    if suffix == "tif":
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            across, down = (file.pages.first.tags[tag].value for tag in (282, 283))
        assert across[0] / across[1] / (down[0] / down[1]) == pytest.approx(1.25)


def test_the_plan_of_a_dataset_says_it(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 255, (64, 64, 1)).astype(np.uint8)
        write_micrograph(raw / f"s{index}.tif", Micrograph(pixels, X_NM, pixel_aspect=1.25 if index == 1 else 1.0))
    notes = [str(note) for note in plan_dataset(PrepareOptions(name="d", raw=(raw,))).notes]
    (told,) = [note for note in notes if "nm high" in note]
    assert told.startswith("s1.tif: pixels are 4 nm wide but 5 nm high")
