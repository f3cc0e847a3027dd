"""Gains in words, also where there is no interval."""

import pytest

from pipelines.counts import dose_text, gain_text
from pipelines.json_safe import to_json_safe


def test_a_gain_names_its_interval_with_units() -> None:
    gain = {"mean": 2.956, "lo": -0.104, "hi": 6.0, "n": 9}
    assert gain_text(gain) == "+2.96 dB, 95 % interval -0.10 to +6.00 dB, 9 images"


@pytest.mark.parametrize("stored", [False, True])
def test_too_few_specimens_are_said(stored: bool) -> None:
    gain = {"mean": 2.956, "lo": float("nan"), "hi": float("nan"), "n": 4}
    assert gain_text(to_json_safe(gain) if stored else gain) == (
        "+2.96 dB, too few specimens for an interval, 4 images"
    )


@pytest.mark.parametrize(
    ("dose", "number"),
    [(0.234, "0.23"), (1.96, "2.0"), (15.35, "15"), (238.0, "240"), (4906.6, "4,900"), (28628.0, "more than 10,000")],
)
def test_a_dose_has_two_digits(dose: float, number: str) -> None:
    assert dose_text(dose).removeprefix("about ") == f"{number} electrons per pixel"
