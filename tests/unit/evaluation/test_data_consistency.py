"""Data consistency: 1 where an output differs from its input by white noise, more where structure was changed."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from sem_models.config.presets.table import find_recipe
from sem_models.evaluation.data_consistency import KnownForward, contradicting_share, contradiction, known_forward
from sem_models.images.intensity import UnitImage
from sem_models.physics.downsampling import downsample
from sem_models.physics.simulators.phantoms.table import make_phantom

CLEAN: UnitImage = make_phantom("particles", (192, 192), seed=5).truth
NOISE = np.random.default_rng(0).normal(0, 0.1, CLEAN.shape).astype(np.float32)


def test_the_truth_differs_from_a_noisy_image_by_white_noise() -> None:
    ratio = contradiction(CLEAN + NOISE, CLEAN, KnownForward())
    assert float(np.median(ratio)) == pytest.approx(1, abs=0.05)
    assert contradicting_share(contradiction(CLEAN + NOISE, CLEAN, KnownForward())) < 0.01


def test_what_was_removed_or_invented_is_found_where_it_is() -> None:
    changed = CLEAN.copy()
    changed[60:120, 60:120] = gaussian_filter(CLEAN, 6)[60:120, 60:120]
    changed[17:24, 147:154] += 0.4
    ratio = contradiction(CLEAN + NOISE, changed, KnownForward())
    assert ratio[66:114, 66:114].max() > 2
    assert ratio[20, 150] > 2
    assert ratio[140:, :100].max() < 2


def test_a_refocused_image_is_blurred_again() -> None:
    given = gaussian_filter(CLEAN, 2.0) + 0.1 * NOISE
    assert contradicting_share(contradiction(given, CLEAN, KnownForward(blur_px=2.0))) < 0.01
    assert contradicting_share(contradiction(given, CLEAN, KnownForward())) > 0.2


def test_an_enlarged_image_is_reduced_as_in_training() -> None:
    expected = downsample(torch.from_numpy(CLEAN)[None, None], 4, "bicubic_aa")[0, 0].numpy()
    np.testing.assert_allclose(KnownForward(4)(CLEAN), expected, atol=1e-4)
    noise = NOISE[:48, :48]
    assert contradicting_share(contradiction(expected + noise, CLEAN, KnownForward(4))) < 0.01


@pytest.mark.parametrize(
    ("name", "expected"),
    [("starter-denoise", KnownForward()), ("srresnet-x4", KnownForward(4)), ("mrn-blind", None),
     ("refocus-strength", None), ("srn-known", KnownForward(blur_px=2.0)), ("inpaint-lines", None)],
)  # fmt: skip
def test_the_forward_model_is_that_of_the_recipe(name: str, expected: KnownForward | None) -> None:
    assert known_forward(find_recipe(name)) == expected
