"""PNG files with several channels of 16 bit, written here byte by byte, keep every grey level."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph

CHANNELS = {2: 3, 4: 2, 6: 4}
"""Of the colour types RGB, grey with opacity, and RGB with opacity."""
SIZE = (40, 50)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(height: int, width: int, colour_type: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))


def write(path: Path, colour_type: int, before: bytes = b"", after: bytes = b"") -> np.ndarray:
    """Write random grey levels, with chunks before and after the image data."""
    pixels = np.random.default_rng(0).integers(0, 2**16, (*SIZE, CHANNELS[colour_type]), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    parts = (header(*SIZE, colour_type), before, chunk(b"IDAT", zlib.compress(rows)), after, chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return pixels


@pytest.mark.parametrize("colour_type", CHANNELS)
def test_every_grey_level_is_kept(tmp_path: Path, colour_type: int) -> None:
    pixels = write(tmp_path / "a.png", colour_type)
    found = read_micrograph(tmp_path / "a.png").pixels
    assert found.dtype == np.uint16
    assert np.array_equal(found, pixels)


def test_what_else_the_file_says_is_read(tmp_path: Path) -> None:
    size = chunk(b"pHYs", struct.pack(">IIB", 250_000_000, 200_000_000, 1))
    write(tmp_path / "a.png", 2, before=size, after=chunk(b"tEXt", b"detector\0InLens"))
    found = read_micrograph(tmp_path / "a.png")
    assert (found.pixel_size_nm, found.pixel_aspect) == (pytest.approx(4), pytest.approx(1.25))
    assert found.metadata["detector"] == "InLens"


def test_a_transparent_colour_is_no_channel(tmp_path: Path) -> None:
    pixels = write(tmp_path / "a.png", 2, before=chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3)))
    assert np.array_equal(read_micrograph(tmp_path / "a.png").pixels, pixels)


@pytest.mark.parametrize("colour_type", CHANNELS)
@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_a_damaged_file_is_an_error(tmp_path: Path, colour_type: int, damage: str) -> None:
    path = tmp_path / "a.png"
    write(path, colour_type)
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    if damage == "changed":
        data[half] ^= 0xFF
    path.write_bytes(data if damage == "changed" else data[:half])
    with pytest.raises(UserError, match=r"a\.png: the file is damaged"):
        read_micrograph(path)


def test_a_second_header_hides_no_size(tmp_path: Path) -> None:
    """Pillow believes the last header, the decoder of the pixels the first."""
    path = tmp_path / "a.png"
    write(path, 2, before=header(60_000, 60_000, 2))
    with pytest.raises(UserError, match="samples"):
        read_micrograph(path)
    data = path.read_bytes()
    small, large = header(*SIZE, 2), header(60_000, 60_000, 2)
    path.write_bytes(data.replace(small + large, large + small))
    with pytest.raises(UserError, match="the pixels cannot be decoded"):
        read_micrograph(path)


def test_two_bytes_of_each_sample_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two copies of two bytes and one of four: 8 bytes for each of 40 x 50 x 3 samples."""
    write(tmp_path / "a.png", 2)
    monkeypatch.setattr("sem_models.images.io.formats.limits.available_bytes", lambda: 48_000)
    read_micrograph(tmp_path / "a.png")
    monkeypatch.setattr("sem_models.images.io.formats.limits.available_bytes", lambda: 47_999)
    with pytest.raises(UserError, match="memory"):
        read_micrograph(tmp_path / "a.png")
