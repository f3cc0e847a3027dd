"""The citation file is valid YAML and names all five systems."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_names_the_five_systems() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["license"] == "Apache-2.0"
    notes = " ".join(work["notes"] for work in citation["references"])
    assert all(f"System {number}," in notes for number in range(5))
