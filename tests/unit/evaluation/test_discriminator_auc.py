"""AUC over folds with its bootstrap interval, and the patches it is taken on."""

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from sem_models.evaluation.discriminator.auc import PairLogits, auc_over_seeds, by_image
from sem_models.evaluation.discriminator.network import patch_grid


def test_auc_is_mann_whitneys_within_folds() -> None:
    rng = np.random.default_rng(0)
    logits = [(rng.normal(0, 1, 5).round(1), rng.normal(0.7, 1, 5).round(1)) for _ in range(12)]
    one_fold = [PairLogits(a, b, f"i{k}", f"g{k % 4}", 0) for k, (a, b) in enumerate(logits)]
    real, generated = (np.concatenate([pair[side] for pair in logits]) for side in (0, 1))
    expected = mannwhitneyu(generated, real).statistic / (len(real) * len(generated))
    found = auc_over_seeds([one_fold])
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.lo is not None
    assert found.hi is not None
    assert found.lo < expected < found.hi
    shifted = [
        PairLogits(a + 100 * (k % 2), b + 100 * (k % 2), f"i{k}", f"g{k % 4}", k % 2) for k, (a, b) in enumerate(logits)
    ]
    assert abs(auc_over_seeds([shifted]).value - expected) < 0.1, "scales of judges do not matter"


def test_parts_of_an_image_are_judged_as_one() -> None:
    """An image cut into three counts once, with all its logits: its mean is that over the parts."""
    logits = np.arange(12, dtype=np.float64).reshape(3, 2, 2)
    parts = [PairLogits(real, generated, "a", "g", 1) for real, generated in logits]
    other = PairLogits(np.array([7.0]), np.array([8.0]), "b", "h", 0)
    found = by_image([parts[0], other, *parts[1:]])
    assert [(one.image, one.group, one.fold) for one in found] == [("a", "g", 1), ("b", "h", 0)]
    assert sorted(found[0].real) == sorted(logits[:, 0].ravel())
    assert found[0].whole.generated.item() == logits[:, 1].mean()


def test_the_interval_covers_the_true_auc() -> None:
    """Thirty groups of two images; logits of two normal distributions one deviation apart: AUC is Phi(1 / sqrt 2)."""
    rng, inside = np.random.default_rng(1), 0
    for _ in range(30):
        drawn = rng.normal([0, 1], 1, (60, 2))
        judged = [PairLogits(a[:1], a[1:], f"i{k}", f"g{k % 30}", 0) for k, a in enumerate(drawn)]
        found = auc_over_seeds([judged])
        assert found.lo is not None
        assert found.hi is not None
        inside += found.lo <= 0.7602 <= found.hi
    assert 25 <= inside <= 30, "about 28 of 30"
    few = [PairLogits(a[:1], a[1:], f"i{k}", f"g{k % 2}", 0) for k, a in enumerate(drawn)]
    assert auc_over_seeds([few]).resampled == "images"
    assert auc_over_seeds([few[:1]]).lo is None


def test_patches_do_not_overlap_and_lie_in_the_middle() -> None:
    image = torch.arange(70 * 100).reshape(70, 100).float()
    patches = patch_grid(image, 32, 64)
    assert patches.shape == (6, 1, 32, 32)
    assert torch.equal(patches[0, 0], image[3:35, 2:34])
    assert torch.equal(patches[5, 0], image[35:67, 66:98])
    assert len(patch_grid(image, 32, 4)) == 4
    assert len(patch_grid(image, 80, 4)) == 0
