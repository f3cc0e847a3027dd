"""Kernel distance compared with a double loop, and with its expected values for two sets of images."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sem_models.evaluation.discriminator.kernel_distance import between_groups, kernel_distance
from sem_models.features.weights import FeaturesUnavailable


def names(*numbers: int) -> np.ndarray:
    return np.array([f"g{number}" for number in numbers])


def kernel(a: np.ndarray, b: np.ndarray) -> float:
    return (float(a @ b) / len(a) + 1) ** 3


def test_it_is_the_unbiased_estimate_of_the_paper() -> None:
    """Each feature is its own group: all pairs except those of a feature with itself (eq. 4)."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (7, 5)), rng.normal(0.3, 1, (9, 5))
    within = [sum(kernel(a, b) for a, b in itertools.permutations(z, 2)) / (len(z) * (len(z) - 1)) for z in (x, y)]
    across = sum(kernel(a, b) for a in x for b in y) / (7 * 9)
    found = between_groups(x, y, names(*range(7)), names(*range(10, 19)), "noise")
    assert found.value == pytest.approx(sum(within) - 2 * across, rel=1e-12)
    assert (found.groups, found.patches) == (16, 16)


def test_pairs_of_one_group_do_not_count() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 1, (8, 5)), rng.normal(0.3, 1, (8, 5))
    groups = names(0, 0, 1, 1, 1, 2, 2, 3)
    terms = []
    for left, right in ((x, x), (y, y), (x, y)):
        some = [kernel(left[i], right[j]) for i, j in itertools.product(range(8), repeat=2) if groups[i] != groups[j]]
        terms.append(np.mean(some))
    found = between_groups(x, y, groups, groups, "noise")
    assert found.value == pytest.approx(terms[0] + terms[1] - 2 * terms[2], rel=1e-12)


def test_one_distribution_is_at_zero_and_another_is_not() -> None:
    """The images of a group, on both sides, share an offset, as those of one field do; means over 40 draws."""
    rng = np.random.default_rng(2)
    groups = names(*np.repeat(np.arange(12), 4))
    values, held, found_out = [], 0, 0
    for _ in range(40):
        field = np.repeat(rng.normal(0, 0.5, (12, 8)), 4, axis=0)
        x, y = (field + rng.normal(0, 1, (48, 8)) for _ in range(2))
        same = between_groups(x, y, groups, groups, "noise")
        values.append(same.value)
        held += same.lo <= 0 <= same.hi
        found_out += between_groups(x, y + 0.8, groups, groups, "noise").lo > 0
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(40), "unbiased although fields are shared"
    assert held >= 36
    assert found_out == 40


def test_few_groups_have_no_interval() -> None:
    x = np.random.default_rng(3).normal(0, 1, (6, 4))
    assert between_groups(x, x[::-1], names(0, 0, 0, 1, 1, 1), names(0, 0, 0, 1, 1, 1), "noise").lo is None


def images(seed: int, sigma: float = 0.0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    coarse = [gaussian_filter(rng.standard_normal((130, 260)), (1, 3)) for _ in range(6)]
    return [gaussian_filter(0.5 + 0.15 * image / image.std(), sigma).astype(np.float32) for image in coarse]


def test_on_trained_features_blurring_is_seen(torch_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    groups = [f"g{k}" for k in range(6)]
    same = kernel_distance(images(0), images(1), groups)
    told: list[int] = []
    blurred = kernel_distance(images(0), images(1, 1.0), groups, progress=lambda done, total, _: told.append(done))
    assert same.lo <= 0 <= same.hi
    assert blurred.lo > abs(same.value)
    assert blurred.label == "Kernel distance (VGG16 relu4_3, 128 px)"
    assert blurred.patches == 2 * 6 * 2
    assert told == list(range(1, 13))


def test_untrained_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SEM_OFFLINE", "1")
    with pytest.raises(FeaturesUnavailable, match="no trained VGG16 weights"):
        kernel_distance(images(0), images(1), [f"g{k}" for k in range(6)])
