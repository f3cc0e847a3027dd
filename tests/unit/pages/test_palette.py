"""One palette for pages and charts, which can be told from both backgrounds."""

import tomllib
from pathlib import Path

import pytest

from pages.charts.palette import COLOURS

THEME = tomllib.loads((Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml").read_text())["theme"]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def faded(text: str, background: str, share: float = 0.6) -> str:
    """Text as captions show it: 60 % opaque."""
    pairs = [(int(text[i : i + 2], 16), int(background[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * front + (1 - share) * back):02x}" for front, back in pairs)


def test_charts_have_the_colours_of_the_theme() -> None:
    assert list(COLOURS) == THEME["chartCategoricalColors"]
    assert len(set(COLOURS)) == len(COLOURS)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_colours_and_captions_can_be_read(name: str) -> None:
    theme = THEME[name]
    for background in (theme["backgroundColor"], theme["sidebar"]["backgroundColor"]):
        assert min(contrast(colour, background) for colour in COLOURS) >= 3
        assert contrast(faded(theme["textColor"], background), background) >= 4.5
        assert contrast(theme["linkColor"], background) >= 4.5
