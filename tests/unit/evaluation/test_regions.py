"""Scores by region, compared with closed forms and with scikit-learn's area under a curve."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sem_models.evaluation.metrics.regions import blur_gain_db, response_auc, response_map, sharp_identity_db

SIZE = 160


@pytest.fixture
def scene() -> dict[str, np.ndarray]:
    """A textured target whose left half is blurred; its standard deviation decreases fourfold from top to bottom."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(SIZE, SIZE)), 1.0)
    truth = (0.5 + 0.4 * noise / np.abs(noise).max() * np.linspace(1, 0.25, SIZE)[:, None]).astype(np.float32)
    blur = np.zeros((SIZE, SIZE), np.float32)
    blur[:, : SIZE // 2] = 1
    given = np.where(blur > 0, gaussian_filter(truth, 2.0), truth).astype(np.float32)
    return {"truth": truth, "blur": blur, "given": given}


def test_gain_counts_blurred_pixels_only(scene: dict[str, np.ndarray]) -> None:
    """Half the error everywhere is 20 log10(2) dB, whatever was done to the sharp half."""
    truth, given, blur = scene["truth"], scene["given"], scene["blur"]
    output = np.where(blur > 0, (truth + given) / 2, 0).astype(np.float32)
    assert blur_gain_db(given, output, truth, blur, 1.0) == pytest.approx(20 * np.log10(2), abs=1e-4)


def test_identity_counts_sharp_pixels_against_the_input(scene: dict[str, np.ndarray]) -> None:
    given, blur = scene["given"], scene["blur"]
    output = given + np.where(blur > 0, 1.0, 0.01).astype(np.float32)
    assert sharp_identity_db(given, output, blur, 1.0) == pytest.approx(40.0, abs=1e-3)
    assert sharp_identity_db(given, output, blur, 2.0) == pytest.approx(40.0 + 20 * np.log10(2), abs=1e-3)


def test_response_of_a_perfect_network_finds_the_blur(scene: dict[str, np.ndarray]) -> None:
    truth, given, blur = scene["truth"], scene["given"], scene["blur"]
    assert response_auc(given, truth, blur) > 0.97
    assert response_auc(given, truth, 1 - blur) < 0.03


def test_unsharp_masking_responds_where_the_image_was_sharp_already(scene: dict[str, np.ndarray]) -> None:
    """It amplifies existing detail, of which the blurred half has less."""
    given, blur = scene["given"], scene["blur"]
    sharpened = given + (given - gaussian_filter(given, 2.0))
    assert response_auc(given, sharpened.astype(np.float32), blur) < 0.3


def test_auc_is_the_share_of_pairs_in_the_right_order(scene: dict[str, np.ndarray]) -> None:
    truth, given, blur = scene["truth"], scene["given"], scene["blur"].copy()
    response = response_map(given, truth)
    rng = np.random.default_rng(1)
    inside, outside = response[blur == 1], response[blur == 0]
    pairs = rng.choice(inside, 200_000), rng.choice(outside, 200_000)
    assert response_auc(given, truth, blur) == pytest.approx(np.mean(pairs[0] > pairs[1]), abs=0.005)


def test_response_does_not_depend_on_contrast(scene: dict[str, np.ndarray]) -> None:
    truth, given = scene["truth"], scene["given"]
    faint = 0.5 + 0.3 * (truth - 0.5), 0.5 + 0.3 * (given - 0.5)
    strong, weak = response_map(given, truth), response_map(faint[1], faint[0])
    assert np.allclose(strong, weak, atol=0.02)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.3])
def test_a_missing_region_has_no_score(scene: dict[str, np.ndarray], value: float) -> None:
    """All sharp, all blurred, and neither: the score of a missing region is NaN."""
    blur = np.full((SIZE, SIZE), value, np.float32)
    gain = blur_gain_db(scene["given"], scene["truth"], scene["truth"], blur, 1.0)
    identity = sharp_identity_db(scene["given"], scene["truth"], blur, 1.0)
    assert np.isnan(gain) == (value < 0.5)
    assert np.isnan(identity) == (value > 0.02)
    assert np.isnan(response_auc(scene["given"], scene["truth"], blur))
