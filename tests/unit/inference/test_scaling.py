"""Which intensity limits are applied to a file, and what is said where they are not those of the training."""

from pathlib import Path

import numpy as np
import pytest

from sem_models.config.intensity import IntensityLimits, RoleLimits, TypeLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.provenance import Origin
from sem_models.inference.predictor import Predictor
from sem_models.inference.scaling import Scaling, scaling_by


def of(dtype: str, *parts: tuple[float, float]) -> RoleLimits:
    return (TypeLimits(dtype=dtype, parts=parts),)


def file_of(dtype: str, *parts: tuple[float, float]) -> TypeLimits:
    return TypeLimits(dtype=dtype, parts=parts)


INPUT = of("uint16", (1000.0, 5000.0))
SAME = IntensityLimits(input=INPUT, output=INPUT)
TO_FLOAT = IntensityLimits(input=INPUT, output=of("float32", (-2.0, 8.0)))
BRIGHTER = IntensityLimits(input=INPUT, output=of("uint16", (2000.0, 10000.0)))


def ranges(scaling: Scaling) -> tuple[tuple[float, float], tuple[float, float], str]:
    return (
        (scaling.inputs[0].lo, scaling.inputs[0].hi),
        (scaling.output.lo, scaling.output.hi),
        str(scaling.dtype),
    )


@pytest.mark.parametrize("own", [(1000.0, 5000.0), (2500.0, 2950.0), (-6000.0, 9000.0), (1200.0, 12900.0)])
def test_a_compatible_file_has_the_limits_of_the_training(own: tuple[float, float]) -> None:
    scaling = scaling_by(TO_FLOAT, file_of("uint16", own), Origin.TRANSLATED)
    assert ranges(scaling) == ((1000, 5000), (-2, 8), "float32")
    assert scaling.warning == ""
    assert "of the training: 1000 to 5000, output -2 to 8" in scaling.settings


@pytest.mark.parametrize(
    ("dtype", "own"),
    [
        ("float32", (1000.0, 5000.0)),
        ("uint16", (0.0, 255.0)),
        ("uint16", (1000.0, 1390.0)),
        ("uint16", (5100.0, 9000.0)),
        ("uint16", (1000.0, 22000.0)),
    ],
)
def test_any_other_file_has_its_own_and_says_so(dtype: str, own: tuple[float, float]) -> None:
    """Other type, nearly no contrast, no overlap, and five times the span."""
    scaling = scaling_by(SAME, file_of(dtype, own), Origin.RESTORED)
    assert ranges(scaling) == (own, pytest.approx(own), dtype)
    assert "learned from uint16 images with intensity limits 1000 to 5000" in scaling.warning
    assert "of this file" in scaling.settings
    translated = scaling_by(TO_FLOAT, file_of(dtype, own), Origin.TRANSLATED)
    assert ranges(translated) == (own, (-2, 8), "float32")
    assert translated.warning


def test_a_restored_file_of_another_instrument_keeps_its_units() -> None:
    """Targets twice as bright as inputs stay so: grey level g of the file becomes 2 g."""
    scaling = scaling_by(BRIGHTER, file_of("float32", (0.1, 0.5)), Origin.RESTORED)
    assert ranges(scaling) == ((0.1, 0.5), (pytest.approx(0.2), pytest.approx(1.0)), "float32")


def test_a_model_without_limits_takes_those_of_each_file() -> None:
    scaling = scaling_by(IntensityLimits(), file_of("uint16", (7.0, 9.0)), Origin.RESTORED)
    assert ranges(scaling) == ((7, 9), (7, 9), "uint16")
    assert scaling.warning == ""


def test_each_type_of_a_mixed_dataset_has_its_own() -> None:
    both = (*INPUT, *of("uint8", (0.0, 255.0)))
    limits = IntensityLimits(input=both, output=both)
    for known in both:
        scaling = scaling_by(limits, known, Origin.RESTORED)
        assert ranges(scaling) == (known.parts[0], known.parts[0], known.dtype)


def test_files_of_a_stack_and_channels_of_a_page() -> None:
    """One page cannot stand for two detectors with limits of their own, but for two of 8 bit."""
    two = IntensityLimits(input=of("uint16", (0.0, 10.0), (0.0, 500.0)), output=of("uint16", (0.0, 10.0)))
    stack = scaling_by(two, file_of("uint16", (0.0, 9.0), (0.0, 400.0)), Origin.RESTORED)
    assert [(own.lo, own.hi) for own in stack.inputs] == [(0, 10), (0, 500)]
    assert scaling_by(two, file_of("uint16", (0.0, 9.0)), Origin.RESTORED).warning
    eight = of("uint8", (0.0, 255.0), (0.0, 255.0))
    page = scaling_by(IntensityLimits(input=eight, output=eight), file_of("uint8", (0.0, 255.0)), Origin.RESTORED)
    assert (len(page.inputs), page.warning) == (1, "")


class Half:
    """Gives half of what it is given, in unit intensity, and knows its limits."""

    name = "half"
    capabilities = Capabilities(1, 1, 1, 0)
    limits = TO_FLOAT

    def __call__(self, x):
        return x / 2


def test_outputs_are_written_in_type_and_units_of_the_target(tmp_path: Path) -> None:
    """In memory and by rows: grey g becomes (g - 1000) / 4000 / 2 * 10 - 2."""
    pixels = np.random.default_rng(0).integers(1000, 5000, (40, 50, 1)).astype(np.uint16)
    expected = (pixels.astype(float) - 1000) / 800 - 2
    predictor = Predictor(Half(), "cpu")
    result = predictor.predict(Micrograph(pixels), origin=Origin.TRANSLATED)
    assert result.pixels.dtype == np.float32
    np.testing.assert_allclose(result.pixels, expected, atol=1e-5)
    step = predictor.predict_to_file(Micrograph(pixels), tmp_path / "a.tif", origin=Origin.TRANSLATED)
    written = read_micrograph(tmp_path / "a.tif")
    assert np.array_equal(written.pixels, result.pixels)
    assert written.history[-1].settings == step.settings
    assert "of the training: 1000 to 5000, output -2 to 8" in step.settings


def test_the_warning_is_in_the_file(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 1)).astype(np.uint8)
    result = Predictor(Half(), "cpu").predict(Micrograph(pixels))
    write_micrograph(tmp_path / "a.tif", result)
    assert "check the grey levels" in read_micrograph(tmp_path / "a.tif").history[-1].warning
