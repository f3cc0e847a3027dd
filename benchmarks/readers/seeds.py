"""Sound files of every format, from which damaged ones are made."""

from pathlib import Path

import mrcfile
import numpy as np
import tifffile
from PIL import Image, PngImagePlugin

from sem_models.images.io.read import readable_suffixes
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

_LARGEST_SEED = 2**21
"""Larger real files would only make the measurement slower."""


def write_seeds(folder: Path) -> list[Path]:
    """Write small files of each format that needs no optional package; returns their paths."""
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 255, (48, 64)).astype(np.uint8)
    _write_tiffs(folder, grey)
    _write_rasters(folder, grey)
    for name, pixels in (("section", grey.astype(np.int16)), ("stack", np.stack([grey] * 5).astype(np.float32))):
        with mrcfile.new(folder / f"{name}.mrc", pixels) as file:
            file.voxel_size = 23.6
    return sorted(folder.iterdir())


def real_seeds(folder: Path) -> list[Path]:
    """Return the small files below a folder that have a known suffix."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in readable_suffixes())
    return sorted(path for path in found if path.stat().st_size <= _LARGEST_SEED)


def _write_tiffs(folder: Path, grey: np.ndarray) -> None:
    deep, colours = grey.astype(np.uint16) * 257, np.dstack([grey, grey[::-1], grey[:, ::-1]])
    tifffile.imwrite(folder / "plain.tif", grey, resolution=(1e7 / 2.36,) * 2, resolutionunit=3)
    tifffile.imwrite(folder / "tiles.tif", deep, tile=(16, 16), compression="zlib", predictor=True)
    tifffile.imwrite(folder / "lzw.tif", deep, rowsperstrip=7, compression="lzw", byteorder=">")
    tifffile.imwrite(folder / "jpeg.tif", grey, compression="jpeg")
    tifffile.imwrite(folder / "float.tif", grey.astype(np.float32), compression="zstd", predictor=True)
    tifffile.imwrite(folder / "planar.tif", colours.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    tifffile.imwrite(folder / "bits.tif", grey > 100, compression="packbits")
    tifffile.imwrite(folder / "big.tif", colours, bigtiff=True, photometric="rgb")
    tifffile.imwrite(folder / "imagej.tif", np.stack([grey] * 4), imagej=True, metadata={"unit": "nm"})
    ramp = np.stack([np.arange(256, dtype=np.uint16)[::-1] * 256] * 3)
    tifffile.imwrite(folder / "palette.tif", grey, photometric="palette", colormap=ramp)
    with tifffile.TiffWriter(folder / "pages.tif") as file:
        for _ in range(6):
            file.write(grey, contiguous=False)
    write_micrograph(folder / "ours.tif", Micrograph(deep[..., None], 5.0, {"voltage_kv": 5.0}))


def _write_rasters(folder: Path, grey: np.ndarray) -> None:
    image = Image.fromarray(grey)
    text = PngImagePlugin.PngInfo()
    text.add_text("pixel_size_nm", "5.0")
    text.add_text("history", "[]", zip=True)
    image.save(folder / "grey.png", pnginfo=text, dpi=(300, 300))
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "deep.png")
    image.convert("P").save(folder / "palette.png")
    image.convert("RGBA").save(folder / "colours.png")
    image.save(folder / "baseline.jpg")
    image.convert("RGB").save(folder / "progressive.jpg", progressive=True)
    image.save(folder / "grey.bmp")
    image.convert("RGB").save(folder / "colours.bmp")
