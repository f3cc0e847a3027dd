"""Damaged, mislabelled and malicious files are handled as defined, or refused in one line that names the file."""

import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sem_models.errors import UserError
from sem_models.images.io.formats.hdf5_files import refuse_other_files
from sem_models.images.io.formats.limits import MOST_SAMPLES, refuse_oversized
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


def chained(count: int, last: int) -> bytes:
    """A TIFF of `count` directories of one tag each, the last of which leads to the offset `last`."""
    entry = struct.pack("<HHII", 256, 4, 1, 1)
    offsets = [8 + 18 * index for index in range(count)]
    follow = [*offsets[1:], last]
    return (
        b"II*\0" + struct.pack("<I", 8) + b"".join(struct.pack("<H", 1) + entry + struct.pack("<I", o) for o in follow)
    )


@pytest.mark.parametrize(("count", "last"), [(1, 8), (3, 8), (3, 26)])
def test_circles_of_directories_are_refused(tmp_path: Path, count: int, last: int) -> None:
    (tmp_path / "circle.tif").write_bytes(chained(count, last))
    assert "leads back to an earlier page" in expect_error(tmp_path / "circle.tif")


def test_a_circle_in_a_big_tiff_is_refused(tmp_path: Path) -> None:
    head = b"II+\0" + struct.pack("<HHQ", 8, 0, 16)
    (tmp_path / "circle.tif").write_bytes(head + struct.pack("<Q", 1) + struct.pack("<HHQQ", 256, 4, 1, 1) + head[8:])
    assert "leads back to an earlier page" in expect_error(tmp_path / "circle.tif")


def test_too_many_directories_are_refused_without_reading_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "many.tif").write_bytes(chained(200_000, 0))
    monkeypatch.setattr(tifffile, "TiffFile", lambda path: pytest.fail("tifffile takes 20 s"))
    assert "more than 10,000 pages" in expect_error(tmp_path / "many.tif")


def allow(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr("sem_models.images.io.formats.limits.available_bytes", lambda: free)


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg", "bmp", "mrc"])
def test_images_larger_than_the_free_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """40 x 50 samples of one byte need two copies of one byte and one of four bytes: 12,000 bytes."""
    path = tmp_path / f"a.{suffix}"
    if suffix == "mrc":
        import mrcfile

        with mrcfile.new(path, GREY.astype(np.int8)):
            pass
    else:
        Image.fromarray(GREY).save(path)
    allow(monkeypatch, 12_000)
    assert read_micrograph(path).pixels.shape == (40, 50, 1)
    allow(monkeypatch, 11_999)
    message = expect_error(path)
    assert "40 x 50 samples needs about" in message
    assert "more memory" in message


def test_20000_by_20000_in_16_bit_is_read_where_the_memory_suffices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.tif"
    with path.open("wb") as file:
        file.truncate(800_000_000)  # sparse
    allow(monkeypatch, 4 * 2**30)
    refuse_oversized(path, (20_000, 20_000), 2, MOST_SAMPLES)
    allow(monkeypatch, 3 * 2**30 - 2**28)
    with pytest.raises(UserError, match=r"20,000 x 20,000 samples needs about 2.98 GiB of memory, but only 2.75 GiB"):
        refuse_oversized(path, (20_000, 20_000), 2, MOST_SAMPLES)


def test_a_strip_with_an_image_larger_than_its_page_is_refused(tmp_path: Path) -> None:
    """The strip of a page of 40 x 50 pixels is a JPEG stream, whose own header says how much is decoded."""
    path = tmp_path / "strip.tif"
    tifffile.imwrite(path, GREY, compression="jpeg")
    data = path.read_bytes()
    frame = data.index(b"\xff\xc0")
    path.write_bytes(data[: frame + 5] + struct.pack(">HH", 65000, 65000) + data[frame + 9 :])
    assert "65,000 x 65,000" in expect_error(path)


def test_tiles_larger_than_the_limit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiles.tif"
    tifffile.imwrite(path, GREY, tile=(16, 16))
    data = bytearray(path.read_bytes())
    for code in (322, 323):
        place = data.index(struct.pack("<HHI", code, 4, 1))
        struct.pack_into("<I", data, place + 8, 2**20)
    path.write_bytes(data)
    assert "1,048,576 x 1,048,576" in expect_error(path)


def test_jpeg_with_many_scans_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scans.jpg"
    Image.fromarray(GREY).save(path, progressive=True)
    data = path.read_bytes()
    assert read_micrograph(path).pixels.shape == (40, 50, 1)
    scan = data[data.index(b"\xff\xda") : -2]
    path.write_bytes(data[:-2] + scan * 150 + data[-2:])
    assert "more than 100 scans" in expect_error(path)


def test_mrc_header_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    import mrcfile

    path = tmp_path / "a.mrc"
    with mrcfile.new(path, GREY.astype(np.int8)):
        pass
    data = bytearray(path.read_bytes())
    struct.pack_into("<i", data, 92, 2**30)
    path.write_bytes(data)
    assert "extended header of 1,073,741,824 bytes" in expect_error(path)


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


def external_storage(group: Any, other: Path) -> None:
    group.create_dataset("data", (40, 50), "u1", external=[(str(other), 0, 2000)])


def external_link(group: Any, other: Path) -> None:
    import h5py

    group["data"] = h5py.ExternalLink(str(other), "data/image/data")


def virtual_dataset(group: Any, other: Path) -> None:
    import h5py

    layout = h5py.VirtualLayout((40, 50), "u1")
    layout[:] = h5py.VirtualSource(str(other), "data/image/data", (40, 50))
    group.create_virtual_dataset("data", layout)


@pytest.mark.parametrize("way", [external_storage, external_link, virtual_dataset])
def test_an_image_whose_data_lies_in_another_file_is_refused(
    tmp_path: Path, way: Callable[[Any, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HDF5 opens any file that another one names, which whoever uploads it may not be allowed to read."""
    h5py = pytest.importorskip("h5py")

    def written(name: str, fill: Callable[[Any], None]) -> Path:
        with h5py.File(tmp_path / name, "w") as file:
            fill(file.create_group("data/image"))
        return tmp_path / name

    def read(path: str, **options: Any) -> list[dict[str, Any]]:
        with h5py.File(path) as file:
            found = file["data/image/data"][()]
        return [{"data": found, "axes": [{"units": "nm", "scale": 1.0}] * 2}]

    reader = SimpleNamespace(file_reader=read)
    monkeypatch.setitem(sys.modules, "rsciio", SimpleNamespace(emd=reader))
    monkeypatch.setitem(sys.modules, "rsciio.emd", reader)
    secret = written("secret.emd", lambda group: group.create_dataset("data", data=GREY))
    assert np.array_equal(read_micrograph(secret).pixels[..., 0], GREY)
    assert "lies in another file" in expect_error(written("image.emd", lambda group: way(group, secret)))


def test_data_elsewhere_in_the_same_file_is_read(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "image.emd", "w") as file:
        file["stored"] = GREY
        file["soft"] = h5py.SoftLink("/stored")
        layout = h5py.VirtualLayout((40, 50), "u1")
        layout[:] = h5py.VirtualSource(file["stored"])
        file.create_virtual_dataset("shown", layout)
        file["again"] = file["shown"]
    refuse_other_files(tmp_path / "image.emd")
