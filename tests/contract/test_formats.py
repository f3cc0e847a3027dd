"""One row for each format: a file written by an independent writer, and what reading it must return."""

from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from sem_models.errors import UserError
from sem_models.images.io.formats.table import FORMATS, readable_suffixes
from sem_models.images.io.read import read_micrograph

GREY = np.random.default_rng(0).integers(0, 255, (24, 36)).astype(np.uint8)


def write_mrc(path: Path) -> None:
    with mrcfile.new(path) as file:
        file.set_data(GREY.astype(np.uint16))
        file.voxel_size = 23.6


ROWS: dict[str, tuple[str, Callable[[Path], None], float | None]] = {
    "TIFF": (".tif", lambda path: tifffile.imwrite(path, GREY, resolution=(1e7 / 2.36,) * 2, resolutionunit=3), 2.36),
    "PNG": (".png", lambda path: Image.fromarray(GREY).save(path), None),
    "JPEG": (".jpg", lambda path: Image.fromarray(GREY).save(path, quality=100), None),
    "BMP": (".bmp", lambda path: Image.fromarray(GREY).save(path), None),
    "MRC": (".mrc", write_mrc, 2.36),
}


def test_every_format_has_a_row() -> None:
    assert set(ROWS) | {"RosettaSciIO"} == set(FORMATS), "RosettaSciIO is optional and tested on real files"
    assert {".tif", ".tiff", ".png", ".jpg", ".bmp", ".mrc", ".dm3", ".dm4", ".emd", ".ser"} <= readable_suffixes()


@pytest.mark.parametrize("name", ROWS)
def test_pixels_and_pixel_size(name: str, tmp_path: Path) -> None:
    suffix, write, size_nm = ROWS[name]
    path = tmp_path / f"image{suffix}"
    write(path)
    found = read_micrograph(path)
    assert found.pixels.shape == (24, 36, 1)
    tolerance = 3 if name == "JPEG" else 0
    assert np.abs(found.pixels[..., 0].astype(int) - GREY).max() <= tolerance
    assert found.pixel_size_nm == (None if size_nm is None else pytest.approx(size_nm, rel=1e-4))
    assert found.source == path.name


@pytest.mark.realdata
def test_optional_formats_on_real_files(shared_data: Path) -> None:
    pytest.importorskip("rsciio")
    folder = shared_data / "vendor_formats"
    stem = read_micrograph(folder / "gpl3_rosettasciio" / "test_STEM_image.dm3")
    assert stem.pixels.shape == (68, 68, 1)
    assert stem.pixel_size_nm == pytest.approx(0.248538, rel=1e-5)
    with pytest.raises(UserError, match="contains no image"):
        read_micrograph(folder / "mit_pyTEMlib" / "EELS_STO.dm3")
