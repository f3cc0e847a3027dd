"""Lattice scores against lattices of known atoms."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom
from skimage.io import imread

from sem_models.evaluation.metrics.atoms import (
    dent_correlation,
    lattice_peak_db,
    lattice_scores,
    match_atoms,
    seam_ratio,
)
from sem_models.evaluation.metrics.lattice import atom_spacing_px, find_atoms, lattice_period_px, reciprocal_basis
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.paired import direction, measured
from sem_models.evaluation.scorer import Case, Scorer

SIDE = 192
PERIOD = 12.0
SCORES = ("atom_f1", "atom_rms_period", "dent_correlation", "lattice_peak_db")


def sites(period: float = PERIOD, degrees: float = 17, angle: float = 90, shift: float = 0) -> np.ndarray:
    """(K, 2) rows and columns; neighbours are one period apart, with the given angle between their directions."""
    turns = np.deg2rad([degrees, degrees + angle])
    vectors = period * np.stack([np.sin(turns), np.cos(turns)], axis=1)
    count = int(2 * SIDE / period)
    steps = np.stack(np.meshgrid(*2 * [np.arange(-count, count)]), axis=-1).reshape(-1, 2)
    places = steps @ vectors + SIDE / 2 + shift * vectors[0] + (0.3, 1.7)
    return places[((places > -period) & (places < SIDE + period)).all(axis=1)]


def render(places: np.ndarray, period: float = PERIOD) -> np.ndarray:
    """Gaussian atoms of height 0.6 on a background of 0.2, as products of a row and a column factor."""
    rows, columns = (np.exp(-((np.arange(SIDE)[:, None] - x) ** 2) / (0.08 * period**2)) for x in places.T)
    return (0.2 + 0.6 * rows @ columns.T).astype(np.float32)


def dent() -> np.ndarray:
    row, column = np.mgrid[:SIDE, :SIDE]
    field = np.exp(-((row - 80) ** 2) / (2 * 30**2) - (column - 110) ** 2 / (2 * 20**2))
    return (0.15 * field).astype(np.float32)


def inner(places: np.ndarray, border: float) -> np.ndarray:
    return ((places > border) & (places < SIDE - 1 - border)).all(axis=1)


@pytest.mark.parametrize("angle", [90, 60])
@pytest.mark.parametrize(("period", "degrees"), [(6, 0), (6.7, 31), (9.3, 45), (13.7, 7), (20, 19)])
def test_the_period_is_the_distance_of_neighbours(period: float, degrees: float, angle: float) -> None:
    """For square and hexagonal lattices, clean and at 20 electrons per pixel."""
    clean = render(sites(period, degrees, angle), period)
    noisy = (np.random.default_rng(0).poisson(20 * clean) / 20).astype(np.float32)
    assert lattice_period_px(clean) == pytest.approx(period, rel=0.01)
    assert lattice_period_px(noisy) == pytest.approx(period, rel=0.01)
    assert lattice_period_px(clean[:150]) == pytest.approx(period, rel=0.01), "sides may differ"
    assert lattice_period_px(clean - dent()) == pytest.approx(period, rel=0.01)


@pytest.mark.parametrize("period", [10.4, 14.0])
def test_atoms_of_a_honeycomb_are_measured_by_their_own_distance(period: float) -> None:
    """Graphene: two atoms per cell, neighbours 1 / sqrt(3) of the period apart; moderate noise hides none of them."""
    first = sites(period, 17, 60)
    turn = np.deg2rad(17 + 30)
    third = period / 3**0.5 * np.array([np.sin(turn), np.cos(turn)])
    apart = period / 3**0.5
    clean = render(np.concatenate([first, first + third]), 0.75 * apart)
    assert atom_spacing_px(clean, period) == pytest.approx(apart, rel=0.03)
    assert atom_spacing_px(render(first, period), period) == period, "one atom a cell"
    noisy = (np.random.default_rng(0).poisson(30 * clean) / 30).astype(np.float32)
    scores = lattice_scores(noisy, clean, 1.0)
    assert scores["atom_f1"] > 0.99


def test_no_lattice() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((SIDE, SIDE)).astype(np.float32)
    stripes = np.tile(0.5 + 0.3 * np.sin(np.arange(SIDE, dtype=np.float32)), (SIDE, 1))
    randomly = render(rng.uniform(0, SIDE, (200, 2)))
    for image in (noise, gaussian_filter(noise, 3), stripes, randomly, np.full_like(noise, 0.5), noise[:8]):
        assert lattice_period_px(image) is None
        assert lattice_scores(image, image, 1.0) == {}


def test_atoms_are_found_to_a_part_of_a_pixel_and_on_a_slope() -> None:
    places = sites()
    for image in (render(places), render(places) - dent()):
        found = find_atoms(image, PERIOD)
        apart = np.linalg.norm(places[:, None] - found[None], axis=2)
        assert apart[inner(places, PERIOD / 2)].min(axis=1).max() < 0.02 * PERIOD, "each site has its atom"
        assert apart.min(axis=0)[inner(found, PERIOD / 2)].max() < 0.02 * PERIOD, "each atom has its site"


def test_the_truth_scores_best() -> None:
    target = render(sites()) - dent()
    scores = lattice_scores(target, target, 1.0)
    assert tuple(scores) == SCORES
    assert [scores[name] for name in SCORES] == pytest.approx([1, 0, 1, 0], abs=1e-9)
    noisy = np.random.default_rng(1).poisson(20 * target) / 20
    worse = lattice_scores(noisy.astype(np.float32), target, 1.0)
    assert worse["atom_f1"] > 0.98
    assert 0.01 < worse["atom_rms_period"] < 0.1
    assert worse["dent_correlation"] > 0.95
    assert worse["lattice_peak_db"] < -10
    scaled = lattice_scores(255 * noisy.astype(np.float32), 255 * target, 255.0)
    assert scaled == pytest.approx(worse, rel=1e-4), "any data range"


@pytest.mark.parametrize("shift", [0.05, 0.2])
def test_moved_atoms(shift: float) -> None:
    atoms = match_atoms(render(sites(shift=shift)), render(sites()), PERIOD)
    assert atoms.f1 == 1
    assert atoms.rms_period == pytest.approx(shift, rel=0.03)


def test_atoms_half_a_period_away_are_others() -> None:
    atoms = match_atoms(render(sites(shift=0.5)), render(sites()), PERIOD)
    assert atoms.f1 == 0
    assert math.isnan(atoms.rms_period)
    assert min(atoms.missing, atoms.invented) > 150


def test_missing_and_invented_atoms_in_closed_form() -> None:
    """If r of n atoms are missing, precision is 1 and recall 1 - r / n; if r are invented, the reverse."""
    places = sites()
    candidates = np.flatnonzero(inner(places, 1.5 * PERIOD))
    gone = np.random.default_rng(0).choice(candidates, len(candidates) // 10, replace=False)
    n, r = int(inner(places, PERIOD / 2).sum()), len(gone)
    fewer = render(np.delete(places, gone, axis=0))
    expected = 2 * (1 - r / n) / (2 - r / n)
    assert 0.9 < expected < 0.98
    assert match_atoms(fewer, render(places), PERIOD).f1 == pytest.approx(expected, rel=1e-12)
    assert match_atoms(render(places), fewer, PERIOD).f1 == pytest.approx(expected, rel=1e-12)


def test_what_is_too_faint_is_no_atom() -> None:
    target = render(sites())
    for contrast, expected in ((0.5, 1), (0.1, 0), (0.0, 0)):
        output = target.mean() + np.float32(contrast) * (target - target.mean())
        assert match_atoms(output, target, PERIOD).f1 == expected


def test_dent_correlation() -> None:
    lattice, field = render(sites()), dent()
    target = lattice - field
    assert dent_correlation(lattice, target, PERIOD, 1.0) == pytest.approx(0, abs=0.02), "no dent"
    assert dent_correlation(lattice + field, target, PERIOD, 1.0) == pytest.approx(-1, abs=0.01)
    assert dent_correlation(0.8 - field, target, PERIOD, 1.0) == pytest.approx(1, abs=0.01), "no atoms"
    elsewhere = lattice - np.roll(field, -60, axis=1)
    assert dent_correlation(elsewhere, target, PERIOD, 1.0) < 0.5
    assert math.isnan(dent_correlation(target, lattice, PERIOD, 1.0)), "a truth without a dent"
    assert math.isnan(dent_correlation(target[:70], target[:70], PERIOD, 1.0))


def test_a_smeared_lattice_has_lower_peaks() -> None:
    """A Gaussian lowers a cosine by 20 log10(e) 2 pi^2 sigma^2 f^2 dB; the background is that of the noise."""
    target = render(sites())
    noise = 0.1 * np.random.default_rng(0).standard_normal(target.shape).astype(np.float32)
    basis = reciprocal_basis(target)
    assert basis is not None
    fall = 20 * math.log10(math.e) * 2 * math.pi**2 * 2**2 / PERIOD**2
    smeared = gaussian_filter(target, 2) + noise
    assert lattice_peak_db(smeared, target + noise, basis, 1.0) == pytest.approx(-fall, abs=0.3)
    assert lattice_peak_db(gaussian_filter(target, 2), target, basis, 1.0) == pytest.approx(-fall, abs=1)
    assert lattice_peak_db(target, smeared, basis, 1.0) > 10, "more regular than the truth"


def test_seams_of_tiles() -> None:
    target = render(sites())
    offsets = np.random.default_rng(0).uniform(-0.1, 0.1, (6, 6))
    tiles = zoom(offsets, 32, order=0).astype(np.float32)
    assert seam_ratio(target, target, 32) == 1
    assert seam_ratio(0.5 * target + 0.1, target, 32) == pytest.approx(1, rel=1e-4), "contrast does not count"
    assert seam_ratio(target + tiles, target, 32) > 1.05
    assert seam_ratio(target + np.roll(tiles, 16, (0, 1)), target, 32) < 1, "seams elsewhere"
    assert math.isnan(seam_ratio(target, np.full_like(target, 0.5), 32))
    assert math.isnan(seam_ratio(target, target, SIDE)), "no line"


def test_a_ramp_with_steps_in_closed_form() -> None:
    """Steps of 1 inside tiles and 3 at their edges: the ratio of squares is 9."""
    straight = np.tile(np.arange(64, dtype=np.float32), (64, 1))
    assert seam_ratio(straight + 2 * (np.arange(64, dtype=np.float32) // 16), straight, 16) == pytest.approx(9)


def test_only_lattices_have_the_columns() -> None:
    target = np.pad(render(sites()) - dent(), 1, mode="edge")[None]
    scores = Scorer()(target, Case(target, target, 1, None, None))
    assert [scores[name] for name in SCORES] == pytest.approx([1, 0, 1, 0], abs=1e-9)
    texture = gaussian_filter(np.random.default_rng(0).uniform(size=(1, 96, 96)), (0, 2, 2)).astype(np.float32)
    assert not set(SCORES) & set(Scorer()(texture, Case(texture, texture, 1, None, None)))


def test_peaks_that_are_too_low_are_no_gain() -> None:
    metric = METRICS["lattice_peak_db"]
    assert metric.heading == "Lattice peaks (dB) → 0"
    name = "lattice_peak_db"
    assert direction(name) * measured(name, -20.0) < direction(name) * measured(name, -1.0)


@pytest.mark.realdata
def test_real_lattices_have_a_period_and_other_micrographs_none(shared_data: Path) -> None:
    """Measured by eye: gold about 18 px, columns of Si [110] 37 px; disordered atoms have no period."""
    known = {"Grain_boundry_gold_512px": 18.5, "Si110_5nmX25us_03_none_none": 37, "12219": 24.5, "12965": 19.5}
    for path in sorted((shared_data / "haadf_atomic_lattice").glob("*/*.png")):
        period = lattice_period_px((imread(path) / 255).astype(np.float32))
        assert (period is None) == (path.stem == "12028")
        if path.stem in known:
            assert period == pytest.approx(known[path.stem], rel=0.04)
    others = ("ampis_powder_sem/images/*", "plant_stem_sem_databar/images/*")
    for path in [next(iter(sorted(shared_data.glob(pattern)))) for pattern in others]:
        image = imread(path).astype(np.float32)
        grey = image.mean(axis=2) if image.ndim == 3 else image
        assert lattice_period_px(grey[: int(0.9 * len(grey))] / 255) is None
