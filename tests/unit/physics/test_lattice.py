"""Simulated lattices, compared with geometry, the requested statistics, and their power spectrum."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from sem_models.physics.simulators.fringe import measured_fringe
from sem_models.physics.simulators.lattice import Atom, Lattice, draw_lattice, render

PAIR = (Atom(), Atom(u=0.5, v=0.5, brightness=0.4))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("lattice", [
    Lattice(rotation_deg=17),
    Lattice(a_px=8, b_px=12, gamma_deg=70, rotation_deg=200, atoms=PAIR),
    Lattice(gamma_deg=120, atoms=PAIR),
])  # fmt: skip
def test_as_many_atoms_as_the_area_has_room_for(lattice: Lattice) -> None:
    """Area divided by a b sin(gamma), times the number of atoms per cell."""
    centres = render(lattice, (360, 480), rng())[1].in_image((360, 480))
    cell = lattice.a_px * lattice.b_px * math.sin(math.radians(lattice.gamma_deg))
    assert len(centres) == pytest.approx(360 * 480 / cell * len(lattice.atoms), rel=0.03)
    assert (centres >= -0.5).all()
    assert (centres < np.array([360, 480]) - 0.5).all()


def test_atoms_are_where_the_maxima_are() -> None:
    """The logarithm of a Gaussian is a parabola, so three pixels give its maximum; neighbours are 10 sigma away."""
    lattice = Lattice(
        a_px=40, b_px=44, gamma_deg=80, rotation_deg=33, sigma=0.1, thermal=0.03, background=0, contrast=1
    )
    image, columns = render(lattice, (256, 300), rng(1))
    centres = columns.in_image(image.shape)
    inner = centres[((centres > 8) & (centres < np.array(image.shape) - 9)).all(axis=1)]
    assert len(inner) > 30
    log = np.log(np.maximum(image.astype(float), 1e-9))
    for row, column in inner:
        r, c = round(row), round(column)
        up, here, down = log[r - 1 : r + 2, c]
        left, _, right = log[r, c - 1 : c + 2]
        vertex = r + 0.5 * (up - down) / (up - 2 * here + down), c + 0.5 * (left - right) / (left - 2 * here + right)
        assert vertex == pytest.approx((row, column), abs=0.05)


def test_pixels_are_the_sum_of_spots_over_a_background() -> None:
    """Sum over all atoms, including those outside the image, by rendering a larger field around it."""
    lattice = Lattice(a_px=9, b_px=11, rotation_deg=12, sigma=0.15, atoms=PAIR, background=0.2, contrast=0.5)
    image, columns = render(lattice, (80, 90), rng(2))
    centres = columns.in_image(image.shape)
    bright = image[
        np.clip(np.rint(centres[:, 0]), 0, 79).astype(int), np.clip(np.rint(centres[:, 1]), 0, 89).astype(int)
    ]
    heavy = bright > 0.5
    weights = np.where(heavy, 1.0, 0.4)
    grid = np.indices((80, 90))[:, :, :, None] - centres.T[:, None, None, :]
    spots = (np.exp(-(grid**2).sum(axis=0) / (2 * lattice.sigma_px**2)) * weights).sum(axis=-1)
    np.testing.assert_allclose(image[12:-12, 12:-12], (0.2 + 0.5 * spots)[12:-12, 12:-12], atol=2e-3)
    assert heavy.mean() == pytest.approx(0.5, abs=0.05)
    assert image.dtype == np.float32


def test_thermal_shifts_and_vacancies_are_as_large_as_asked() -> None:
    """Distances from the sites of a square lattice, whose unknown origin is given by the mean phase."""
    lattice = Lattice(a_px=10, b_px=10, thermal=0.05, vacancies=0.1)
    centres = render(lattice, (800, 800), rng(3))[1].in_image((800, 800))
    phase = np.angle(np.exp(2j * np.pi * centres / 10).mean(axis=0))
    shifts = np.angle(np.exp(2j * np.pi * centres / 10 - 1j * phase)) * 10 / (2 * np.pi)
    assert shifts.std(axis=0) == pytest.approx([0.5, 0.5], rel=0.05)
    assert 1 - len(centres) / 6400 == pytest.approx(0.1, abs=0.015)


@pytest.mark.parametrize("turn", [0.0, 12.0, 100.0, 163.0])
def test_rotation_turns_the_spectrum(turn: float) -> None:
    """If b is longer, the rows along a have the largest spacing, b sin(gamma), with a normal at 90 degrees to a."""
    lattice = Lattice(a_px=7, b_px=13, gamma_deg=75, rotation_deg=turn, sigma=0.3)
    spacing, direction = measured_fringe(render(lattice, (256, 320), rng(4))[0])
    assert spacing == pytest.approx(13 * math.sin(math.radians(75)), rel=0.005)
    assert abs((direction - turn - 90 + 90) % 180 - 90) < 0.4
    assert lattice.strongest_fringe == pytest.approx((13 * math.sin(math.radians(75)), (turn + 90) % 180), abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_drawn_crystals_show_the_asked_fringe(seed: int) -> None:
    """For any cell; if two fringes are equally strong, the requested one is as strong as the one found."""
    lattice = draw_lattice(11.0, 40.0, rng(seed)).model_copy(update={"thermal": 0.0, "vacancies": 0.0})
    assert lattice.strongest_fringe == pytest.approx((11.0, 40.0), abs=1e-6)
    image, _ = render(lattice, (384, 384), rng(seed))
    spacing, _ = measured_fringe(image)
    assert spacing == pytest.approx(11.0, rel=0.04)
    carrier = np.exp(-2j * np.pi * (np.indices(image.shape) * np.sin(np.radians([40, 130]))[:, None, None]).sum(0) / 11)
    window = np.outer(*2 * [np.hanning(384)])
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2
    far = np.hypot(*np.meshgrid(np.fft.fftfreq(384), np.fft.fftfreq(384))) > 4 / 384
    assert abs(((image - image.mean()) * window * carrier).sum()) ** 2 > 0.7 * power[far].max()


def test_four_to_forty_periods_across_and_equal_seeds() -> None:
    for shape, atoms in (((40, 40), 16), ((360, 380), 36 * 38)):
        first, second = (render(Lattice(a_px=10, b_px=10), shape, rng(5)) for _ in range(2))
        assert len(first[1].in_image(shape)) == atoms
        np.testing.assert_array_equal(first[0], second[0])
        assert not np.array_equal(first[0], render(Lattice(), shape, rng(6))[0])


def test_impossible_crystals_are_refused_and_noise_has_no_fringe() -> None:
    with pytest.raises(ValidationError, match="background and contrast"):
        Lattice(background=0.6, contrast=0.6)
    assert measured_fringe(rng().random((256, 256)).astype(np.float32)) is None
    assert measured_fringe(np.ones((256, 256), np.float32)) is None
