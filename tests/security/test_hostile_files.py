"""Damaged, mislabelled and malicious files are handled as defined, or refused in one line that names the file."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.provenance import MOST_STEPS

GREY = np.random.default_rng(0).integers(0, 255, (40, 50)).astype(np.uint8)


def expect_error(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_micrograph(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("suffix", ["tif", "png", "bmp", "jpg", "mrc"])
def test_truncated_at_every_tenth(tmp_path: Path, suffix: str) -> None:
    """A truncated file is refused, or read if all pixels are present; it never crashes or raises a foreign error."""
    whole = tmp_path / f"whole.{suffix}"
    if suffix == "mrc":
        import mrcfile

        with mrcfile.new(whole, GREY.astype(np.int16)):
            pass
    else:
        Image.fromarray(GREY).save(whole)
    data = whole.read_bytes()
    refused = 0
    for tenth in range(10):
        part = tmp_path / f"part{tenth}.{suffix}"
        part.write_bytes(data[: len(data) * tenth // 10])
        try:
            assert read_micrograph(part).pixels.size == GREY.size
        except UserError as error:
            refused += 1
            assert part.name in str(error)
    assert refused >= 8


def test_random_bytes_behind_signatures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for index, head in enumerate((b"II*\0", b"MM\0*", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"BM", b"II+\0")):
        path = tmp_path / f"noise{index}.tif"
        path.write_bytes(head + rng.bytes(500))
        expect_error(path)


def test_missing_empty_text_and_folder(tmp_path: Path) -> None:
    expect_error(tmp_path / "missing.tif")
    (tmp_path / "empty.tif").touch()
    assert "empty" in expect_error(tmp_path / "empty.tif")
    (tmp_path / "note.tif").write_text("not an image")
    expect_error(tmp_path / "note.tif")


def test_mislabelled_is_read_by_content(tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.tif"
    Image.fromarray(GREY).save(path, format="PNG")
    assert np.array_equal(read_micrograph(path).pixels[..., 0], GREY)


def test_png_bomb_is_refused_before_decoding(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    assert "samples" in expect_error(path)


def test_tiff_bomb_is_refused_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tif"
    tifffile.imwrite(path, np.zeros((20000, 20000), np.uint8), compression="zlib", rowsperstrip=20000)
    assert path.stat().st_size < 1_000_000
    assert "bomb" in expect_error(path)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.int8, np.float32),
        (np.int16, np.float32),
        (np.float16, np.float32),
        (np.float64, np.float32),
        (np.uint32, np.uint32),
    ],
)
def test_other_number_types(tmp_path: Path, dtype: type, expected: type) -> None:
    tifffile.imwrite(tmp_path / "a.tif", (GREY // 2).astype(dtype))
    found = read_micrograph(tmp_path / "a.tif").pixels
    assert found.dtype == expected
    assert np.array_equal(found[..., 0].astype(float), GREY // 2)


def test_nan_constant_and_single_pixel(tmp_path: Path) -> None:
    holes = GREY.astype(np.float32)
    holes[3, 4] = np.nan
    holes[5, 6] = np.inf
    tifffile.imwrite(tmp_path / "holes.tif", holes)
    found = read_micrograph(tmp_path / "holes.tif")
    assert found.metadata["replaced_pixels"] == 2
    assert np.isfinite(found.pixels).all()
    tifffile.imwrite(tmp_path / "nothing.tif", np.full((5, 5), np.nan, np.float32))
    expect_error(tmp_path / "nothing.tif")
    tifffile.imwrite(tmp_path / "one.tif", np.array([[7]], np.uint8))
    assert read_micrograph(tmp_path / "one.tif").pixels.shape == (1, 1, 1)


def test_palette_one_bit_and_alpha(tmp_path: Path) -> None:
    Image.fromarray(GREY > 100).save(tmp_path / "bit.png")
    assert set(np.unique(read_micrograph(tmp_path / "bit.png").pixels)) == {0, 255}
    Image.fromarray(GREY).convert("P").save(tmp_path / "palette.png")
    colours = np.asarray(Image.open(tmp_path / "palette.png").convert("RGB"))
    assert np.array_equal(read_micrograph(tmp_path / "palette.png").pixels, colours)
    Image.fromarray(np.dstack([GREY, GREY]), "LA").save(tmp_path / "alpha.png")
    assert read_micrograph(tmp_path / "alpha.png").channels == 2


def test_complex_is_refused_with_advice(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "fft.tif", np.ones((8, 8), np.complex64))
    assert "modulus" in expect_error(tmp_path / "fft.tif")


def test_xml_entities_are_not_expanded(tmp_path: Path) -> None:
    xml = (
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom">]><OME><Image><Pixels PhysicalSizeX="&b;"/></Image></OME>'
    )
    tifffile.imwrite(tmp_path / "evil.tif", GREY, description=xml, metadata=None)
    assert read_micrograph(tmp_path / "evil.tif").pixel_size_nm is None


def test_histories_are_bounded_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    step = (
        '<MapAnnotation ID="Annotation:0" Namespace="sem-workbench/processing"><Value>'
        '<M K="origin">restored</M><M K="model">m</M><M K="input.voltage_kv">1e999</M></Value></MapAnnotation>'
    )
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image><Pixels/></Image><StructuredAnnotations>'
        f"{step.replace('restored', 'measured')}{step * 5000}</StructuredAnnotations></OME>"
    )
    tifffile.imwrite(tmp_path / "long.tif", GREY, description=xml, metadata=None)
    history = read_micrograph(tmp_path / "long.tif").history
    assert len(history) == MOST_STEPS
    assert (history[0].origin, history[0].input_facts) == ("restored", {})
    for text in ('[{"origin": "measured"}]', "{", "[" * 100_000, '[{"origin": "restored", "input_facts": []}]'):
        info = PngInfo()
        info.add_text("history", text)
        Image.fromarray(GREY).save(tmp_path / "a.png", pnginfo=info)
        assert read_micrograph(tmp_path / "a.png").history == ()


def test_optional_reader_names_its_package(tmp_path: Path) -> None:
    (tmp_path / "a.dm3").write_bytes(b"\0" * 100)
    assert "a.dm3" in expect_error(tmp_path / "a.dm3")
