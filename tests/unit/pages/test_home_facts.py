"""Lengths and currents of an opened micrograph are written with the prefix that leaves one to three digits."""

import pytest

from pages.home.facts import current_text, file_rows, length_text
from pipelines.viewing.inspection import FileFacts


@pytest.mark.parametrize(
    ("pa", "text"),
    [(200_000, "200 nA"), (1474.665, "1.47 nA"), (20, "20 pA"), (0.5, "500 fA"), (3e6, "3 µA"), (0, "0 fA")],
)
def test_a_current_has_its_prefix(pa: float, text: str) -> None:
    assert current_text(pa) == text
    facts = FileFacts("a.tif", 64, 64, "uint8", 1, None, "", {"beam_current_pa": float(pa)}, "")
    assert file_rows(facts)["Beam current"] == text


@pytest.mark.parametrize(("nm", "text"), [(0.02, "20 pm"), (1, "1 nm"), (2500, "2.5 µm"), (4e6, "4 mm")])
def test_a_length_has_its_prefix(nm: float, text: str) -> None:
    assert length_text(nm) == text
