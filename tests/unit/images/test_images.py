"""Units, round trips, data bars, intensity and display."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw
from scipy import ndimage

from sem_models.errors import UserError
from sem_models.images.channels import require_grey, to_grey
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.display import display_window, to_display
from sem_models.images.intensity import IntensityRange, from_unit, intensity_range, to_unit
from sem_models.images.io.read import read_micrograph, read_pages
from sem_models.images.io.write import TiffRowWriter, encode_tiff, reserved, write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.images.specimen import load_specimen, specimen_of
from sem_models.images.units import to_nm
from tests.support.tiff import decode_tiff


def micrograph(pixels: np.ndarray, size_nm: float | None = None, *history: ProcessingStep) -> Micrograph:
    return Micrograph(pixels if pixels.ndim == 3 else pixels[:, :, None], size_nm, {}, "test.tif", history=history)


STEP = ProcessingStep.now(Origin.RESTORED, "model x")


@pytest.mark.parametrize(
    ("value", "unit", "nm"),
    [(2.36, "nm", 2.36), (2.36, "um", 2360), (2.36, "µm", 2360), (2.36, "\u03bcm", 2360), (2.36e-9, "m", 2.36),
     (23.6, "Å", 2.36), (23.6, "A", 2.36), (1, "inch", 2.54e7), (5, "pm", 0.005), (1, "micron", 1000), (1, "cm", 1e7),
     (2.36, "n_m", 2.36), (2.36, "[n_m]", 2.36)],
)  # fmt: skip
def test_units(value: float, unit: str, nm: float) -> None:
    assert to_nm(value, unit) == pytest.approx(nm)


def test_unknown_unit_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="parsec"):
        to_nm(1, "parsec")


@pytest.mark.parametrize(
    ("lines", "nm"),
    [
        ("AP_PIXEL_SIZE\r\nPixel Size = 20.0 nm\r\nAP_WIDTH\r\nWidth = 1.000 um\r\n", 10.0),
        ("AP_PIXEL_SIZE\r\nPixel Size = 10.04 nm\r\nAP_WIDTH\r\nWidth = 1.000 um\r\n", 10.04),
        ("AP_PIXEL_SIZE\r\nPixel Size = 20.0 nm\r\n", 20.0),
        ("AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 5.0 nm\r\nAP_WIDTH\r\nWidth = 1.000 um\r\n", 5.0),
    ],
)
def test_zeiss_pixel_size_belongs_to_the_stored_pixels(tmp_path: Path, lines: str, nm: float) -> None:
    tag = (34118, "s", 0, lines, True)
    tifffile.imwrite(tmp_path / "zeiss.tif", np.zeros((80, 100), np.uint8), extratags=[tag], metadata=None)
    assert read_micrograph(tmp_path / "zeiss.tif").pixel_size_nm == pytest.approx(nm)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiff_round_trip_is_exact(tmp_path: Path, dtype: type, channels: int) -> None:
    rng = np.random.default_rng(0)
    top = 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
    pixels = (rng.random((33, 47, channels)) * top).astype(dtype)
    path = tmp_path / "image.tif"
    write_micrograph(path, micrograph(pixels, 2.36, STEP))
    back = read_micrograph(path)
    assert back.pixels.dtype == dtype
    assert np.array_equal(back.pixels, pixels)
    assert back.pixel_size_nm == pytest.approx(2.36, rel=1e-6)
    assert back.history == (STEP,)
    with tifffile.TiffFile(path) as file:
        assert 'PhysicalSizeX="2.36"' in file.ome_metadata
        assert 'PhysicalSizeXUnit="nm"' in file.ome_metadata
        numerator, denominator = file.pages[0].tags["XResolution"].value
        assert 1e7 / (numerator / denominator) == pytest.approx(2.36, rel=1e-5)
    assert np.array_equal(decode_tiff(encode_tiff(micrograph(pixels, 2.36))).pixels, pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_round_trip(tmp_path: Path, dtype: type) -> None:
    pixels = (np.random.default_rng(0).random((9, 12, 1)) * np.iinfo(dtype).max).astype(dtype)
    write_micrograph(tmp_path / "a.png", micrograph(pixels, 2.36, STEP))
    back = read_micrograph(tmp_path / "a.png")
    assert np.array_equal(back.pixels, pixels)
    assert back.pixel_size_nm == 2.36
    assert back.history == (STEP,)
    with pytest.raises(UserError, match=r"use \.tif"):
        write_micrograph(tmp_path / "b.png", micrograph(pixels.astype(np.float32)))
    assert not list(tmp_path.glob("*.part"))


def test_plain_resolution_tags_and_printers(tmp_path: Path) -> None:
    """4,237,288 pixels per centimetre are 2.36 nm; 72 dots per inch are a screen resolution."""
    image = np.zeros((8, 8), np.uint8)
    tifffile.imwrite(
        tmp_path / "fine.tif", image, resolution=(4237288.0, 4237288.0), resolutionunit="CENTIMETER", metadata=None
    )
    tifffile.imwrite(tmp_path / "screen.tif", image, resolution=(72, 72), resolutionunit="INCH", metadata=None)
    assert read_micrograph(tmp_path / "fine.tif").pixel_size_nm == pytest.approx(2.36, rel=1e-4)
    assert read_micrograph(tmp_path / "screen.tif").pixel_size_nm is None


def test_imagej_and_ome_units(tmp_path: Path) -> None:
    image = np.zeros((8, 8), np.uint8)
    tifffile.imwrite(tmp_path / "ij.tif", image, imagej=True, resolution=(1 / 2.36, 1 / 2.36), metadata={"unit": "nm"})
    tifffile.imwrite(tmp_path / "iju.tif", image, imagej=True, resolution=(1 / 2.36, 1 / 2.36), metadata={"unit": "um"})
    ome = {"PhysicalSizeX": 2.36, "PhysicalSizeXUnit": "nm"}
    tifffile.imwrite(tmp_path / "nm.ome.tif", image, ome=True, metadata=ome)
    tifffile.imwrite(tmp_path / "um.ome.tif", image, ome=True, metadata={"PhysicalSizeX": 2.36})
    assert read_micrograph(tmp_path / "ij.tif").pixel_size_nm == pytest.approx(2.36, rel=1e-4)
    assert read_micrograph(tmp_path / "iju.tif").pixel_size_nm == pytest.approx(2360, rel=1e-4)
    assert read_micrograph(tmp_path / "nm.ome.tif").pixel_size_nm == pytest.approx(2.36)
    assert read_micrograph(tmp_path / "um.ome.tif").pixel_size_nm == pytest.approx(2360)


def test_jeol_side_car(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.bmp")
    text = "$CM_FORMAT 1\n$CM_ACCEL_VOLT 15.00\n$$SM_MICRON_BAR 100\n"
    text += "$$SM_MICRON_MARKER 1um\n$CM_MAG 10000\n$CM_SIGNAL SEI\n"
    (tmp_path / "a.txt").write_text(text)
    found = read_micrograph(tmp_path / "a.bmp")
    assert found.pixel_size_nm == pytest.approx(10)
    assert (found.metadata["voltage_kv"], found.metadata["detector"]) == (15, "SEI")


def test_stacks_bigtiff_and_compression(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 4000, (3, 20, 30)).astype(np.uint16)
    for name, options in {
        "lzw": {"compression": "lzw"}, "deflate": {"compression": "zlib"}, "big": {"bigtiff": True},
        "tiled": {"tile": (16, 16)}, "swapped": {"byteorder": ">"},
    }.items():  # fmt: skip
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, stack, photometric="minisblack", **options)
        pages = list(read_pages(path))
        assert [page.source for page in pages] == [f"{name}.tif#{k}" for k in range(3)]
        assert all(np.array_equal(page.pixels[..., 0], plane) for page, plane in zip(pages, stack, strict=True))
        assert pages[0].pixels.dtype == np.dtype(np.uint16)
    with pytest.raises(UserError, match="no page 3"):
        read_micrograph(tmp_path / "big.tif", 3)


def test_row_writer_streams_and_leaves_nothing_behind(tmp_path: Path) -> None:
    pixels = np.arange(60 * 7, dtype=np.uint16).reshape(60, 7, 1)
    promised = micrograph(reserved(pixels.shape, pixels.dtype), 2.0, STEP)
    with TiffRowWriter(tmp_path / "a.tif", promised) as writer:
        for first in range(0, 60, 13):
            writer.write_rows(first, pixels[first : first + 13])
    back = read_micrograph(tmp_path / "a.tif")
    assert np.array_equal(back.pixels, pixels)
    assert (back.pixel_size_nm, back.history) == (2.0, (STEP,))

    def fail() -> None:
        with TiffRowWriter(tmp_path / "b.tif", promised):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def noise_image(height: int = 200, width: int = 300) -> np.ndarray:
    return np.random.default_rng(1).integers(40, 200, (height, width)).astype(np.uint8)


@pytest.mark.parametrize(("background", "ink"), [(0, 255), (255, 0)])
def test_flat_data_bar_is_found_to_the_row(background: int, ink: int) -> None:
    image = noise_image()
    bar = Image.new("L", (300, 30), background)
    ImageDraw.Draw(bar).text((10, 8), "EHT = 5.00 kV   WD = 4.2 mm   Mag = 10.00 K X   2 um", fill=ink)
    found = find_databar(micrograph(np.vstack([image, np.asarray(bar)])))
    assert (found.rows, found.found_by) == (30, "detection")


@pytest.mark.parametrize("gain", [1.0, 0.3 / 255, 1e-9])
def test_a_flat_data_bar_is_found_in_every_unit(gain: float) -> None:
    """All grey levels of a float file may lie within much less than 1."""
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((320, 640)), 3)
    image = np.rint(255 * (0.1 + 0.8 * (smooth - smooth.min()) / np.ptp(smooth)))
    bar = np.zeros((40, 640))
    for left in range(20, 200, 9):
        bar[10:30, left : left + 3] = bar[10:13, left : left + 6] = 255
    found = find_databar(micrograph((gain * np.vstack([image, bar])).astype(np.float32)))
    assert (found.rows, found.found_by) == (40, "detection")


def test_burnt_in_ticks_are_found() -> None:
    image = noise_image()
    for column in range(20, 280, 24):
        image[160:172, column : column + 2] = 255
    found = find_databar(micrograph(image))
    assert found.found_by == "detection"
    assert 40 <= found.rows <= 44


def test_jpeg_blocks_are_no_glyphs() -> None:
    image = noise_image()
    for column in range(16, 280, 40):
        image[160:168, column : column + 4] = 0
    assert find_databar(micrograph(image)).rows == 0


def test_no_bar_where_there_is_none() -> None:
    dark = noise_image()
    dark[150:] = 0
    for image in (noise_image(), dark, np.zeros((100, 100), np.uint8), noise_image(6, 6)):
        assert find_databar(micrograph(image)).rows == 0


def test_a_specimen_is_grey_and_without_its_bar(tmp_path: Path) -> None:
    image = noise_image()
    bar = Image.new("L", (300, 30), 0)
    ImageDraw.Draw(bar).text((10, 8), "EHT = 5.00 kV   WD = 4.2 mm   Mag = 10.00 K X   2 um", fill=255)
    whole = np.vstack([image, np.asarray(bar)])
    write_micrograph(tmp_path / "grey.tif", micrograph(np.stack([whole] * 3, axis=2), 2.5))
    found = load_specimen(tmp_path / "grey.tif")
    assert np.array_equal(found.pixels[..., 0], image)
    assert (found.pixel_size_nm, found.source) == (pytest.approx(2.5), "grey.tif")
    coloured = np.stack([whole, whole // 2, whole], axis=2)
    with pytest.raises(UserError, match="colour"):
        specimen_of(micrograph(coloured))


def test_metadata_and_hand_overrule_detection() -> None:
    image = Micrograph(noise_image()[:, :, None], None, {"image_rows": 170}, "fei.tif")
    assert (find_databar(image).rows, find_databar(image).found_by) == (30, "metadata")
    assert find_databar(image, 0).rows == 0
    assert crop_databar(image, find_databar(image, 12)).height == 188
    with pytest.raises(UserError, match="does not fit"):
        find_databar(image, 200)


@pytest.mark.realdata
def test_data_bars_of_real_sets(shared_data: Path) -> None:
    """All 24 Hitachi and all Zeiss data bars are found, and none in sets without a data bar."""
    plants = [
        find_databar(to_grey(read_micrograph(p)))
        for p in sorted((shared_data / "plant_stem_sem_databar/images").glob("*.tif"))
    ]
    assert len(plants) == 24
    assert {bar.rows for bar in plants} == {65}
    for name, rows in {
        "bam_tio2_sem_tsem_pairs/SEM": {56},
        "bam_tio2_sem_tsem_pairs/TSEM": {56},
        "kit_zeiss_sem/DifferentDetector": {78},
    }.items():
        assert {find_databar(to_grey(read_micrograph(p))).rows for p in (shared_data / name).glob("*.tif")} == rows
    for name in (
        "ampis_powder_sem",
        "nasa_ebc_bse",
        "nasa_superalloy_sem",
        "haadf_atomic_lattice",
        "acstem_single_atoms_pt",
    ):
        folder = shared_data / name
        files = [p for p in folder.rglob("*") if p.suffix in (".png", ".tif") and "mask" not in str(p)]
        assert files
        assert {find_databar(to_grey(read_micrograph(p))).rows for p in files} == {0}


@pytest.mark.realdata
def test_vendor_facts(shared_data: Path) -> None:
    zeiss = read_micrograph(shared_data / "kit_zeiss_sem/FeMoOx_AntiA_04_1k5x_CN.tif")
    assert zeiss.pixels.shape == (768, 1024, 1)
    assert zeiss.pixel_size_nm == pytest.approx(74.43)
    facts = zeiss.metadata
    assert (facts["voltage_kv"], facts["working_distance_mm"], facts["detector"], facts["magnification"]) == (
        5.0,
        5.1,
        "InLens",
        1500,
    )
    atlas = next((shared_data / "kit_zeiss_sem/slice_view").glob("InLens*.tif"))
    assert read_micrograph(atlas).pixel_size_nm == pytest.approx(45743.86 / 1023, rel=1e-4)
    folder = shared_data / "vendor_formats"
    fei = read_micrograph(folder / "mit_fibsem/thermofisher_fib_1536x1024_FEI_HELIOS_tag.tif")
    assert fei.pixel_size_nm == pytest.approx(97.6562)
    assert (fei.metadata["voltage_kv"], fei.metadata["detector"]) == (30.0, "ETD")
    olympus = read_micrograph(folder / "gpl3_rosettasciio/olympus_SIS.tif")
    assert olympus.pixels.dtype == np.uint16
    assert olympus.pixel_size_nm == pytest.approx(0.02392792, rel=1e-6)
    imagej = read_micrograph(folder / "gpl3_rosettasciio/test_loading_image_saved_with_imageJ.tif")
    assert imagej.pixel_size_nm == pytest.approx(1000 / 5.928571, rel=1e-5)
    gatan = read_micrograph(next((shared_data / "tem_lowdose_pairs").glob("*.tif")))
    assert gatan.pixel_size_nm == pytest.approx(2.98845674)


def test_intensity_ranges() -> None:
    assert intensity_range(np.zeros((4, 4), np.uint8)) == IntensityRange(0, 255)
    deep = np.random.default_rng(0).integers(1000, 3000, (100, 100)).astype(np.uint16)
    deep[0, 0] = 65535
    limits = intensity_range(deep)
    assert 990 < limits.lo < 1100
    assert limits.hi < 3100
    back, clipped = from_unit(to_unit(deep, limits), limits, deep.dtype)
    assert np.abs(back.astype(int) - deep).max() <= 1
    assert clipped == 0
    assert intensity_range(np.full((3, 3), 7, np.uint16)).span == 1
    _, clipped = from_unit(np.array([[2.0, 0.5]], np.float32), IntensityRange(0, 255), np.dtype(np.uint8))
    assert clipped == 0.5


def test_channels() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (5, 6, 1)).astype(np.uint8)
    alpha = np.full_like(grey, 255)
    assert to_grey(micrograph(np.concatenate([grey, alpha], axis=2))).channels == 1
    assert np.array_equal(to_grey(micrograph(np.repeat(grey, 3, axis=2))).pixels, grey)
    colour = np.concatenate([grey, grey, 255 - grey], axis=2)
    assert to_grey(micrograph(colour)).channels == 3
    with pytest.raises(UserError, match="false colour"):
        require_grey(micrograph(colour))


def test_display_window_is_shared() -> None:
    dark, bright = np.linspace(0, 100, 100).reshape(10, 10), np.linspace(0, 200, 100).reshape(10, 10)
    window = display_window([dark, bright], 0, 100)
    assert (window.lo, window.hi) == (0, 100)
    assert to_display(bright, window).max() == 255
    assert to_display(bright, window)[5, 0] > to_display(dark, window)[5, 0]
    assert to_display(np.full((3, 3), 9.0), display_window([np.full((3, 3), 9.0)])).dtype == np.uint8


def test_atomic_pixel_sizes_survive_a_png(tmp_path: Path) -> None:
    """PNG files store at most 2^32 - 1 pixels per metre, 0.23 nm/px; atomic lattices have smaller pixels."""
    for size in (0.01, 0.3):
        write_micrograph(tmp_path / "a.png", Micrograph(np.zeros((4, 5, 1), np.uint8), size))
        assert read_micrograph(tmp_path / "a.png").pixel_size_nm == pytest.approx(size)
