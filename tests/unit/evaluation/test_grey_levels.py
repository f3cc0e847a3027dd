"""Outputs are compared in the units of the target, whatever limits a model was trained with."""

import numpy as np
import pytest

from sem_models.config.intensity import IntensityLimits, RoleLimits, TypeLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.evaluation.baselines.table import Identity
from sem_models.evaluation.grey_levels import unit_output
from sem_models.evaluation.metrics.table import psnr_affine_db, psnr_db
from sem_models.inference.predictor import Predictor


def of(lo: float, hi: float, dtype: str = "uint16") -> RoleLimits:
    return (TypeLimits(dtype=dtype, parts=((lo, hi),)),)


class Model:
    """Passes on what it is given, in unit intensity by limits of its own."""

    name = "model"
    capabilities = Capabilities(1, 1, 1, 0)

    def __init__(self, limits: IntensityLimits) -> None:
        self.limits = limits

    def __call__(self, x):
        return x


IMAGE = np.random.default_rng(0).random((1, 24, 32), dtype=np.float32)


def test_a_model_of_another_dataset_answers_in_grey_levels() -> None:
    """Native g = 4000 u + 1000 goes in as (g - 500) / 5000, comes out as twice that less 1000, from 0 to 8000."""
    model = Model(IntensityLimits(input=of(500, 5500), output=of(0, 10000)))
    here = IntensityLimits(input=of(1000, 5000), output=of(0, 8000))
    native = (IMAGE * 4000 + 1000 - 500) / 5000 * 10000
    np.testing.assert_allclose(unit_output(Predictor(model, "cpu"), IMAGE, here), native / 8000, rtol=1e-5)


@pytest.mark.parametrize("other", [of(0, 10, "uint16"), of(1000, 5000, "float32")])
def test_where_grey_levels_have_nothing_in_common_0_and_1_do(other: RoleLimits) -> None:
    model = Model(IntensityLimits(input=other, output=other))
    here = IntensityLimits(input=of(1000, 5000), output=of(0, 8000))
    assert np.array_equal(unit_output(Predictor(model, "cpu"), IMAGE, here), IMAGE)
    assert np.array_equal(unit_output(Predictor(model, "cpu"), IMAGE, None), IMAGE)


def test_a_baseline_answers_in_the_units_of_its_input() -> None:
    here = IntensityLimits(input=of(1000, 5000), output=of(0, 8000))
    found = unit_output(Predictor(Identity(1), "cpu"), IMAGE, here)
    np.testing.assert_allclose(found, (IMAGE * 4000 + 1000) / 8000, rtol=1e-5)


def test_an_affine_fit_forgives_gain_and_offset_alone() -> None:
    rng = np.random.default_rng(1)
    target = rng.random((40, 50)).astype(np.float32)
    noise = (0.1 * rng.standard_normal(target.shape)).astype(np.float32)
    assert psnr_affine_db(3 * target - 7, target, 1.0) > 90
    assert psnr_affine_db(-target, target, 1.0) > 90
    for output in (target + noise, 0.2 * (target + noise) + 5):
        design = np.stack([output.ravel(), np.ones(output.size)], axis=1).astype(np.float64)
        _, (residual,), *_ = np.linalg.lstsq(design, target.ravel().astype(np.float64), rcond=None)
        expected = -10 * np.log10(residual / target.size)
        assert psnr_affine_db(output, target, 1.0) == pytest.approx(expected, abs=1e-3)
    assert psnr_affine_db(target + noise, target, 1.0) >= psnr_db(target + noise, target, 1.0)
    assert psnr_affine_db(np.zeros_like(target), target, 1.0) == pytest.approx(-10 * np.log10(target.var()), abs=1e-3)
