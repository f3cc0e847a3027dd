"""Scores by sub-lattice against the simulator's centres, on exact stand-ins for a restoration."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sem_models.evaluation.metrics.atoms import lattice_scores
from sem_models.evaluation.metrics.column_fit import fit_columns
from sem_models.evaluation.metrics.columns import column_scores
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.scorer import DETECTED, SIMULATED, Case, Scorer
from sem_models.physics.cramer_rao import position_bound_px
from sem_models.physics.simulators.columns import Columns
from sem_models.physics.simulators.dents import Dent, dent_field
from sem_models.physics.simulators.lattice import Atom, Lattice, render, splat

SIDE = 128
PEROVSKITE = Lattice(
    a_px=14, b_px=14, rotation_deg=17, sigma=0.16, thermal=0.02, background=0.2, contrast=0.5,
    atoms=(Atom(), Atom(u=0.5, v=0.5, brightness=0.22)),
)  # fmt: skip
DENT = Dent(centre_px=(50.0, 80.0), width_px=(40.0, 50.0), angle_deg=30.0, depth=0.15)


def field(lattice: Lattice = PEROVSKITE, side: int = SIDE) -> tuple[np.ndarray, Columns]:
    return render(lattice, (side, side), np.random.default_rng(0))


def drawn(columns: Columns, share: np.ndarray) -> np.ndarray:
    """The spots of all columns with a share of their full intensity."""
    heights = share * columns.full / (2 * np.pi * columns.sigma_px**2)
    return splat(columns.centres, heights, columns.sigma_px, (SIDE, SIDE))


def with_share(image: np.ndarray, columns: Columns, share: np.ndarray) -> np.ndarray:
    """The image with other intensities of its columns."""
    return (image + drawn(columns, share - columns.occupancy)).astype(np.float32)


def inner(columns: Columns) -> np.ndarray:
    return columns.inside((SIDE, SIDE), columns.spacing_px / 2)


@pytest.mark.parametrize("dents", [(), (DENT,)])
def test_the_identity_without_noise_is_perfect(dents: tuple[Dent, ...]) -> None:
    image, columns = field(PEROVSKITE.model_copy(update={"vacancies": 0.05}))
    image, columns = image + dent_field(dents, image.shape), replace(columns, dents=dents)
    scores = column_scores(image, image, columns, None, 0.02)
    for name in ("", "_heavy", "_light"):
        assert [scores[f"column_{kind}{name}"] for kind in ("precision", "recall", "f1")] == [1, 1, 1]
    for name in ("heavy", "light"):
        assert scores[f"column_intensity_bias_{name}"] == pytest.approx(0, abs=2e-3)
        assert scores[f"column_intensity_rms_{name}"] < 0.01
        assert scores[f"column_rms_px_{name}"] < 0.02
        assert scores[f"column_rms_pm_{name}"] == pytest.approx(20 * scores[f"column_rms_px_{name}"])
    assert scores["column_gain"] == pytest.approx(1, abs=1e-3)
    assert (scores["vacancy_recall"], scores["vacancy_false_alarms"], scores["vacancy_auc"]) == (1, 0, 1)
    found = [scores.get(name) for name in ("dent_recall", "dent_false_alarms")]
    assert found == ([1, 0] if dents else [None, None])
    assert set(scores) <= set(METRICS)


def test_erased_light_columns_are_missed_where_the_target_alone_shows_nothing() -> None:
    """The score by detection in the target is perfect; that by simulated centres loses exactly the light columns."""
    image, columns = field()
    light = columns.sublattice == 1
    erased = with_share(image, columns, np.where(light, 0.0, 1.0))
    assert lattice_scores(erased, image, 1.0)["atom_f1"] == 1
    scores = column_scores(erased, image, columns, None, None)
    h, k = (int((inner(columns) & own).sum()) for own in (~light, light))
    assert scores["column_recall_light"] == scores["column_f1_light"] == 0
    assert math.isnan(scores["column_precision_light"])
    assert scores["column_f1_heavy"] == 1
    assert scores["column_f1"] == pytest.approx(2 * h / (2 * h + k))
    assert scores["column_intensity_bias_light"] == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize(("dose", "background"), [(400.0, 0.02), (400.0, 0.3), (4000.0, 0.3)])
def test_the_fit_reaches_the_bound_on_poisson_images(dose: float, background: float) -> None:
    """Within 12 %: columns 8 sigma apart, so that the bound of a single column applies."""
    lattice = PEROVSKITE.model_copy(update={"a_px": 16.0, "b_px": 16.0, "sigma": 0.12, "background": background})
    image, columns = field(lattice.model_copy(update={"atoms": (Atom(),)}), 256)
    noisy = (np.random.default_rng(1).poisson(dose * image) / dose).astype(np.float32)
    scores = column_scores(noisy, image, columns, dose, None)
    assert scores["column_bound_ratio_heavy"] == pytest.approx(1, abs=0.12)
    counts = np.array([dose * columns.full[0]])
    bound = float(position_bound_px(counts, np.array([dose * background]), columns.sigma_px)[0])
    assert scores["column_rms_px_heavy"] == pytest.approx(bound, rel=0.12)
    assert "column_f1_light" not in scores, "a crystal of one column has no light ones"


def test_columns_at_vacancies_and_between_sites_are_invented() -> None:
    image, columns = field(PEROVSKITE.model_copy(update={"vacancies": 0.1}))
    filled = with_share(image, columns, np.ones(len(columns.sites)))
    scores = column_scores(filled, image, columns, None, None)
    light, counted = columns.sublattice == 1, inner(columns)
    there, gone = (int((counted & light & (columns.vacant == empty)).sum()) for empty in (False, True))
    assert gone > 3
    assert scores["column_precision_light"] == pytest.approx(there / (there + gone))
    assert scores["column_recall_light"] == 1
    assert (scores["vacancy_recall"], scores["vacancy_false_alarms"]) == (0, 0)
    simple = PEROVSKITE.model_copy(update={"atoms": (Atom(),)})
    image, columns = field(simple)
    middle = columns.sites[np.argmin(np.abs(columns.sites - SIDE / 2).sum(axis=1))]
    between = middle + simple.edges.sum(axis=0) / 2
    more = image + splat(between[None], np.array([0.5]), columns.sigma_px, (SIDE, SIDE)).astype(np.float32)
    scores = column_scores(more, image, columns, None, None)
    assert scores["column_recall"] == 1
    assert scores["column_precision"] == pytest.approx(inner(columns).sum() / (inner(columns).sum() + 1))


def test_displaced_columns() -> None:
    """By half a pixel down: found, with that error in one of two directions; by 0.45 distances: others."""
    still = PEROVSKITE.model_copy(update={"thermal": 0.0})
    image, columns = field(still)
    moved = replace(columns, centres=columns.centres + np.array([0.5, 0.0]))
    shifted = (still.background + drawn(moved, np.ones(len(columns.sites)))).astype(np.float32)
    scores = column_scores(shifted, image, columns, None, None)
    assert scores["column_f1"] == 1
    assert scores["column_rms_px_heavy"] == pytest.approx(0.5 / 2**0.5, rel=0.02)
    far = replace(columns, centres=columns.centres + np.array([0.45 * columns.spacing_px, 0.0]))
    shifted = (still.background + drawn(far, np.ones(len(columns.sites)))).astype(np.float32)
    assert column_scores(shifted, image, columns, None, None)["column_recall"] < 0.05


def test_faint_light_columns_in_closed_form() -> None:
    """Light columns at 0.7 of their intensity: bias and error 0.3, and the slope of a straight line through both."""
    image, columns = field()
    light = columns.sublattice == 1
    scores = column_scores(with_share(image, columns, np.where(light, 0.7, 1.0)), image, columns, None, None)
    assert scores["column_recall_light"] == 1
    assert scores["column_intensity_bias_light"] == pytest.approx(-0.3, abs=0.01)
    assert scores["column_intensity_rms_light"] == pytest.approx(0.3, abs=0.01)
    assert scores["column_intensity_bias_heavy"] == pytest.approx(0, abs=2e-3)
    assert scores["column_gain"] == pytest.approx((1 - 0.7 * 0.22) / (1 - 0.22), rel=0.01)


def test_blur_keeps_integrated_intensities_and_widens() -> None:
    """A Gaussian filter of 1 px keeps the integral and adds its variance to that of a spot."""
    image, columns = field()
    fit = fit_columns(gaussian_filter(image, 1.0), columns)
    assert fit.sigma_px == pytest.approx(np.full(2, math.hypot(columns.sigma_px, 1.0)), rel=0.01)
    own = inner(columns)
    np.testing.assert_allclose(fit.intensity[own], columns.intensity[own], rtol=0.03)


def test_weakened_columns_are_vacancies_and_chance_is_the_share_of_calls() -> None:
    image, columns = field(PEROVSKITE.model_copy(update={"vacancies": 0.1, "vacancy_occupancy": 0.3}))
    scores = column_scores(image, image, columns, None, None)
    assert (scores["vacancy_recall"], scores["vacancy_false_alarms"], scores["vacancy_auc"]) == (1, 0, 1)
    counted = inner(columns)
    assert scores["vacancy_chance"] == pytest.approx(columns.vacant[counted].mean())
    full = with_share(image, columns, np.ones(len(columns.sites)))
    assert column_scores(full, image, columns, None, None)["vacancy_recall"] == 0
    noise = with_share(image, columns, np.random.default_rng(0).uniform(0, 2, len(columns.sites)))
    assert column_scores(noise, image, columns, None, None)["vacancy_auc"] == pytest.approx(0.5, abs=0.2)


def test_lost_and_invented_dents() -> None:
    """One dent: found if it is there; lost without it; one elsewhere is a false alarm, and turned over it is both."""
    image, columns = field()
    columns = replace(columns, dents=(DENT,))
    target = image + dent_field((DENT,), image.shape)
    other = DENT.model_copy(update={"centre_px": (100.0, 28.0), "width_px": (30.0, 30.0)})
    down = DENT.model_copy(update={"depth": -DENT.depth})
    cases = {(DENT,): (1, 0), (): (0, 0), (DENT, other): (1, 1), (down,): (0, 1)}
    for dents, expected in cases.items():
        scores = column_scores(image + dent_field(dents, image.shape), target, columns, None, None)
        assert (scores["dent_recall"], scores["dent_false_alarms"]) == expected, dents
    near = math.pi * (2 * columns.period_px) ** 2 / SIDE**2
    scores = column_scores(image + dent_field((DENT, other), image.shape), target, columns, None, None)
    assert scores["dent_chance"] == pytest.approx(1 - (1 - near) ** 2)


def test_the_table_says_which_truth_was_used() -> None:
    """With simulated centres the old scores are left out; without them they are as before."""
    image, columns = field()
    target = image[None]
    plain, known = Scorer(), Scorer()
    before = plain(target, Case(target, target, 1, None, None))
    after = known(target, Case(target, target, 1, None, None, columns=columns, dose_e_per_px=100.0))
    assert before["atom_f1"] == after["column_f1"] == 1
    assert not {"atom_f1", "atom_rms_period"} & set(after)
    assert after["dent_correlation"] == before["dent_correlation"]
    assert after["column_bound_ratio_heavy"] < 0.1, "in the pixels without the border"
    assert not any(name.startswith(("column", "vacancy", "dent_recall")) for name in before)
    assert (plain.notes[-1], known.notes[-1]) == (DETECTED, SIMULATED)
    plain(target, Case(target, target, 1, None, None))
    assert plain.notes.count(DETECTED) == 1


def test_columns_above_white_are_not_clipped() -> None:
    """Intensity limits are percentiles, so the brightest columns exceed 1; the other scores clip them."""
    image, columns = field()
    target, columns = 1.8 * image[None], columns.times(1.8)
    assert target.max() > 1.2
    scores = Scorer()(target, Case(target, target, 1, None, None, columns=columns))
    assert scores["column_intensity_bias_heavy"] == pytest.approx(0, abs=1e-3)
    assert scores["column_gain"] == pytest.approx(1, abs=1e-3)
