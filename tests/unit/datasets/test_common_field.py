"""Images of the same field are recognised whatever their files; different fields are not taken for one."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

from sem_models.datasets.splits.common_field import links, same_field
from sem_models.datasets.splits.fingerprint import fingerprint
from sem_models.errors import Cancelled
from sem_models.images.io.read import read_micrograph

Pixels = NDArray[np.uint8]
REAL = (
    "ampis_powder_sem/images/Sc*-001-000*.png",
    "nasa_ebc_bse/images/05*.png",
    "nasa_superalloy_sem/images/spot1*.png",
    "petrography_sem_crops/Unet_toBSD*/original_A_00[1-3]*.png",
)


def texture(seed: int, size: int = 320, sigma: float = 2.0) -> Pixels:
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), sigma)
    return np.clip(128 + 45 * field / field.std(), 0, 255).astype(np.uint8)


def lattice(period: float, phase: float, turn: float, noise: float, seed: int) -> Pixels:
    y, x = np.mgrid[:256, :256]
    rng = np.random.default_rng(seed)
    waves = [
        np.cos(2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / period + phase) for a in turn + np.pi / 3 * np.arange(3)
    ]
    return np.clip(120 + 25 * sum(waves) + rng.normal(0, noise, (256, 256)), 0, 255).astype(np.uint8)


def jpeg(image: Pixels) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "jpeg", quality=50)
    return np.asarray(Image.open(file))


def recognised(first: Pixels, second: Pixels) -> bool:
    one, two = fingerprint(first[..., None]), fingerprint(second[..., None])
    assert one is not None and two is not None
    return same_field(one, two)


def shifted(image: Pixels, part: float) -> tuple[Pixels, Pixels]:
    """Two crops, the second further down and left by a part of the edge."""
    height, width = (int(edge / (1 + part)) for edge in image.shape)
    return image[:height, -width:], image[-height:, :width]


@pytest.mark.parametrize("exponent", [-10, -40, 40])
def test_the_unit_of_grey_levels_does_not_matter(exponent: int) -> None:
    """A power of two changes no digit of a float: the prints of volts and of picoamperes are the same."""
    image = texture(1)[..., None].astype(np.float32)
    one, two = fingerprint(image), fingerprint(image * 2.0**exponent)
    assert one is not None and one.any()
    assert np.array_equal(one, two)


@pytest.mark.parametrize("level", [0, 1e-12, 200])
def test_an_image_without_detail_has_an_empty_print(level: float) -> None:
    flat = fingerprint(np.full((320, 300, 1), level, np.float32))
    assert flat is not None and not flat.any()


@pytest.mark.parametrize("part", [0.1, 0.2, 0.25])
def test_shifted_crops_are_one_field_in_either_order(part: float) -> None:
    first, second = shifted(texture(1), part)
    assert recognised(first, second) and recognised(second, first)
    assert recognised(first, jpeg(np.asarray(zoom(second, 0.7, order=1))))


@pytest.mark.parametrize("factor", [0.5, 0.7, 0.9])
def test_other_pixels_brightness_and_compression_do_not_hide_a_copy(factor: float) -> None:
    image = texture(2)
    shade = np.linspace(0.4, 1.0, 320)[:, None] * np.linspace(1.0, 0.6, 320)
    assert recognised(image, np.asarray(zoom(image, factor, order=1)))
    assert recognised(image, jpeg(image))
    assert recognised(image, (20 + image * shade).astype(np.uint8))


def test_different_fields_are_not_one_even_with_a_common_label_or_frame() -> None:
    first, second = texture(3), texture(4)
    assert not recognised(first, second)
    for image in (first, second):
        image[280:310, 20:160] = np.where(np.arange(140) // 7 % 2, 255, 0)
        image[:6] = image[-6:] = image[:, :6] = image[:, -6:] = 0
    assert not recognised(first, second)


def test_lattices_noise_and_flat_images_are_not_one_field() -> None:
    """Lattices of one period and direction in all phases, frames of independent noise, frames without any structure."""
    rng = np.random.default_rng(0)
    sets = {
        "lattices": [lattice(10.0, phase, 0.3, 10.0, seed) for seed, phase in enumerate(np.linspace(0, 6, 12))],
        "noise": [rng.normal(128, 20, (256, 256)).clip(0, 255).astype(np.uint8) for _ in range(12)],
        "flat": [np.full((64, 64), value, np.uint8) for value in (0, 90, 90, 255)],
    }
    for what, images in sets.items():
        assert links([fingerprint(image[..., None]) for image in images], range(len(images))) == [], what
    noisy = lattice(10.0, 0.5, 0.3, 10.0, 0)
    assert recognised(noisy, jpeg(noisy)), "a copy of a lattice is a copy"


def test_links_connect_each_field_once_and_skip_what_belongs_together() -> None:
    fields = [texture(seed, 200) for seed in (5, 6)]
    images = [fields[0], jpeg(fields[0]), fields[1], np.asarray(zoom(fields[0], 0.6, order=1)), jpeg(fields[1])]
    prints = [fingerprint(image[..., None]) for image in images]
    assert links(prints, range(5)) == [(0, 1), (0, 3), (2, 4)]
    assert links(prints, ["a", "a", "b", "c", "b"]) == [(0, 3)]
    assert links([prints[0], None, prints[1]], range(3)) == [(0, 2)]
    assert fingerprint(np.zeros((10, 400, 1), np.uint8)) is None, "too narrow"


def test_comparing_reports_all_pairs_and_can_be_cancelled() -> None:
    prints = [fingerprint(texture(seed, 64)[..., None]) for seed in range(4)]
    seen: list[tuple[int, int]] = []
    links(prints, range(4), lambda done, total, _: seen.append((done, total)))
    assert seen == [(3, 6), (5, 6), (6, 6)]

    def stop(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        links(prints, range(4), stop)


@pytest.mark.realdata
def test_real_fields(shared_data: Path) -> None:
    """Every copy is found, no two of the different fields are; two crops of this set are known to overlap by 75 %."""
    images = [read_micrograph(path).pixels[..., 0] for one in REAL for path in sorted(shared_data.glob(one))]
    assert len(images) >= 15
    assert links([fingerprint(image[..., None]) for image in images], range(len(images))) == []
    for image in images[::3]:
        first, second = shifted(image, 0.25)
        assert recognised(first, second) and recognised(image, jpeg(image))
        assert recognised(image, np.asarray(Image.fromarray(image).reduce(3)))
    folder = next(shared_data.glob("petrography_sem_crops/Unet_toBSD*"))
    assert recognised(*(read_micrograph(folder / f"original_A_00{n}.png").pixels[..., 0] for n in (97, 98)))
