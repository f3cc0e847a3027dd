"""The input check: statistics with known values, distances by another way, reasons, and where all of it is stored."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import mahalanobis
from scipy.stats import norm

from sem_models.config.presets.table import find_recipe
from sem_models.images.micrograph import Micrograph
from sem_models.inference.input_check.reference import EDGES, InputReference
from sem_models.inference.input_check.statistics import MEANINGS, Statistics, image_statistics
from sem_models.inference.input_check.stored import stored_reference
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import Belongings, load_model, save_model
from sem_models.networks.table import build_network
from tests.support.small_recipes import narrow
from tests.support.specimens import learned, specimens

RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=(256, 256))


def measured(image: NDArray[np.floating]) -> Statistics:
    found = image_statistics(image)
    assert found is not None
    return found


def test_white_noise_has_equal_power_at_all_scales_and_nothing_else() -> None:
    found = measured(NOISE)
    silent = set(MEANINGS) - {"tails", "periodicity"}
    assert {name: found[name] for name in silent} == pytest.approx(dict.fromkeys(silent, 0.0), abs=0.12)
    assert found["tails"] == pytest.approx(np.log10(3), abs=0.1), "the kurtosis of a normal distribution is 3"


@pytest.mark.parametrize("gain", [250.0, -0.01])
def test_brightness_contrast_and_sign_change_nothing(gain: float) -> None:
    image = gaussian_filter(NOISE, 3) + 0.1 * RNG.normal(size=NOISE.shape) ** 2
    assert measured(gain * image + 40) == pytest.approx(measured(image), abs=1e-6)


def test_each_statistic_answers_to_what_its_name_says() -> None:
    plain = measured(NOISE)
    waves = np.sin(np.arange(256) * 0.9)[:, None] * np.sin(np.arange(256) * 0.7)
    assert measured(NOISE + waves)["periodicity"] > plain["periodicity"] + 1
    assert measured(gaussian_filter(NOISE, (0, 1.5)))["lines 2 px"] > 0.5, "along the lines it hardly changes"
    assert measured(gaussian_filter(NOISE, 1.5))["fall 2 px"] > 0.3
    assert measured(gaussian_filter(NOISE, 3) + 0.05 * NOISE)["noise"] < plain["noise"] - 0.5
    dots = 10.0 * (gaussian_filter((RNG.random(NOISE.shape) > 0.999).astype(float), 6) * 200) + NOISE
    assert measured(dots)["skewness"] > plain["skewness"] + 0.5
    level = np.linspace(1, 50, 256)[:, None]
    assert measured(RNG.poisson(np.broadcast_to(level, NOISE.shape)).astype(float))["shot noise"] > 0.7


def test_small_and_flat_images_are_not_judged() -> None:
    assert image_statistics(NOISE[:127]) is None
    assert image_statistics(np.ones((200, 200))) is None


def drawn(count: int) -> tuple[list[Statistics], NDArray[np.float64], NDArray[np.float64]]:
    """Correlated normal statistics with their mean and covariance."""
    mixing = np.random.default_rng(1).normal(size=(len(MEANINGS), len(MEANINGS))) + 4 * np.eye(len(MEANINGS))
    mean = 10 + np.arange(len(MEANINGS), dtype=float)
    table = mean + np.random.default_rng(2).normal(size=(count, len(MEANINGS))) @ mixing.T
    return [dict(zip(MEANINGS, row, strict=True)) for row in table], mean, mixing @ mixing.T


def reference(count: int = 4000) -> InputReference:
    seen = drawn(count)[0]
    found = InputReference.of(seen, seen[:20], count)
    assert found is not None
    return found


def test_the_distance_is_that_of_mahalanobis_but_for_the_shrinkage_of_correlations() -> None:
    seen, mean, covariance = drawn(4000)
    own, width = reference(), np.sqrt(np.diag(covariance))
    shrunk = 0.9 * covariance / np.outer(width, width)
    np.fill_diagonal(shrunk, 1.0)
    inverse = np.linalg.inv(shrunk)
    for one in seen[:20]:
        deviations = (np.array(list(one.values())) - mean) / (norm.ppf(0.98) * width)
        expected = mahalanobis(deviations, np.zeros(len(MEANINGS)), inverse) / np.sqrt(len(MEANINGS))
        assert own.distance(one) == pytest.approx(expected, rel=0.15)
    largest = max(own.distance(one) for one in seen[:20])
    assert own.limits.distance == pytest.approx(2 * largest, rel=1e-3), "limits are those of the validation inputs"
    least = min(max(one[name] for name in EDGES) for one in seen[:20])
    assert own.limits.edges == pytest.approx(least / 1.2, rel=1e-3)
    assert all(own.judge(one).excess <= 1 for one in seen[:20])


def test_a_peak_counts_only_if_no_input_as_noisy_had_one() -> None:
    own = reference()
    seen = drawn(4000)[0]
    sharpest, noisiest = (max(seen, key=lambda one: one[name]) for name in ("periodicity", "noise"))
    assert own.limits.periodicity_at(-1e9) == pytest.approx(1.1 * sharpest["periodicity"], rel=1e-3)
    as_noisy = [one["periodicity"] for one in seen if one["noise"] >= np.median([each["noise"] for each in seen])]
    assert own.limits.periodicity_at(noisiest["noise"]) <= 1.1 * max(as_noisy) + 1e-3


def test_faint_edges_and_low_peaks_count_only_beyond_their_limits() -> None:
    own = reference()
    middle = {each: limits[1] for each, limits in own.percentiles.items()}
    nearly = middle | dict.fromkeys(EDGES, own.limits.edges + 0.01)
    assert own.judge(nearly).excess == pytest.approx(own.distance(nearly) / own.limits.distance)
    peak = middle | {"periodicity": 0.99 * own.limits.periodicity_at(middle["noise"])}
    assert own.judge(peak).excess == pytest.approx(own.distance(peak) / own.limits.distance)


def test_too_few_images_tell_nothing() -> None:
    assert InputReference.of(drawn(7)[0], drawn(7)[0], 7) is None


@pytest.mark.parametrize(("name", "sign"), [("tails", 1), ("tails", -1), ("grain", 1)])
def test_the_reason_is_the_statistic_that_is_unusual(name: str, sign: int) -> None:
    own = reference()
    middle = {each: limits[1] for each, limits in own.percentiles.items()}
    check = own.judge(middle | {name: middle[name] + 60 * sign})
    assert check.excess > 1
    assert check.reasons[0] == (MEANINGS[name].more if sign > 0 else MEANINGS[name].less)


def test_an_image_without_edges_is_unlike_even_if_each_statistic_alone_is_usual() -> None:
    own = reference()
    middle = {each: limits[1] for each, limits in own.percentiles.items()}
    check = own.judge(middle | dict.fromkeys(EDGES, own.limits.edges - 0.1))
    assert "stands out from the noise" in check.warning


@pytest.mark.parametrize(("edges", "peak"), [(0.9, 3.0), (0.3, 1.1)])
def test_what_is_farthest_beyond_its_limit_is_said_first(edges: float, peak: float) -> None:
    own = reference()
    middle = {each: limits[1] for each, limits in own.percentiles.items()}
    faint = dict.fromkeys(EDGES, edges * own.limits.edges)
    check = own.judge(middle | faint | {"periodicity": peak * own.limits.periodicity_at(middle["noise"])})
    reasons = ["hardly anything stands out from the noise", MEANINGS["periodicity"].more]
    assert list(check.reasons[:2]) == (reasons if 1 / edges > peak else reasons[::-1])


def test_a_lattice_is_unlike_smooth_specimens_for_its_peaks() -> None:
    own = learned(specimens())
    checks = [own.check(image) for image in specimens()[:8:2]]
    assert not any(check.warning for check in checks if check)
    y, x = np.mgrid[:160, :160]
    lattice = np.cos(0.8 * x) * np.cos(0.9 * y) + 0.3 * np.random.default_rng(4).normal(size=x.shape)
    check = own.check(lattice)
    assert check is not None
    assert check.warning.startswith("This image is unlike those that the model learned from (")
    assert MEANINGS["periodicity"].more in check.warning


def test_it_is_stored_with_the_weights_and_read_without_them(tmp_path: Path) -> None:
    recipe, own = narrow(find_recipe("nafnet-denoise")), reference(50)
    weights = build_network(recipe.network).state_dict()
    for name, belongings in (("old", Belongings()), ("new", Belongings(learned=own))):
        (tmp_path / name).mkdir()
        save_model(tmp_path / name, recipe, weights, belongings=belongings)
    assert load_model(tmp_path / "new").learned == own == stored_reference(tmp_path / "new")
    assert load_model(tmp_path / "old").learned is None is stored_reference(tmp_path / "old")


def test_an_output_says_that_its_input_was_unlike(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = narrow(find_recipe("nafnet-denoise"))
    network = build_network(recipe.network)
    monkeypatch.setattr(network, "forward", lambda x: x)
    model = RestorationModel(recipe, network, "tiny", learned=learned(specimens()))
    predictor = Predictor(model, "cpu", backend="torch")

    def warning(image: NDArray[np.floating]) -> str:
        pixels = (1000 + 100 * image).clip(0).astype(np.uint16)[..., None]
        return predictor.predict(Micrograph(pixels)).history[-1].warning

    assert warning(specimens()[0]) == ""
    assert "unlike those that the model learned from" in warning(np.kron(RNG.random((8, 8)), np.ones((20, 20))))
    with torch.inference_mode():
        assert model(torch.zeros(1, 1, 8, 8)).shape == (1, 1, 8, 8)
