"""The acquisition facts that a micrograph may have: their names, types and units."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

Fact = str | int | float
LONGEST_TEXT = 256
"""Largest number of characters of a fact. Some vendors put whole headers into one field."""
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


@dataclass(frozen=True)
class FactKind:
    """Type, meaning and unit of a fact."""

    type: type[str] | type[int] | type[float]
    meaning: str
    unit: str = ""
    acquisition: bool = True
    """Whether it describes the acquisition. If not, it describes the pixels of one file, and an image made from that
    file does not inherit it."""


FACTS: dict[str, FactKind] = {
    "instrument": FactKind(str, "Model of the microscope"),
    "manufacturer": FactKind(str, "Manufacturer of the microscope"),
    "beam": FactKind(str, "Beam that recorded the image: electron or ion"),
    "detector": FactKind(str, "Name of the detector or camera"),
    "voltage_kv": FactKind(float, "Accelerating voltage", "kV"),
    "beam_current_pa": FactKind(float, "Beam current on the specimen", "pA"),
    "working_distance_mm": FactKind(float, "Distance from the final lens to the plane in focus", "mm"),
    "magnification": FactKind(float, "Magnification stated by the instrument; it does not follow from the pixel size"),
    "dwell_time_us": FactKind(float, "Dwell time of the beam on one pixel in one pass of the scan", "us"),
    "line_time_ms": FactKind(float, "Time of one scan line", "ms"),
    "frame_time_s": FactKind(float, "Time of one frame", "s"),
    "exposure_s": FactKind(float, "Exposure time of a camera", "s"),
    "stage_tilt_deg": FactKind(float, "Tilt of the stage", "deg"),
    "scan_rotation_deg": FactKind(float, "Rotation of the scan", "deg"),
    "acquired": FactKind(str, "Time of recording, ISO 8601; local time of the instrument if it has no time zone"),
    "description": FactKind(str, "Description given by the author of the file"),
    "image_rows": FactKind(int, "Rows above the data bar", "px", acquisition=False),
    "replaced_pixels": FactKind(int, "Pixels without a finite value, replaced on reading", "px", acquisition=False),
    "saturated_fraction": FactKind(float, "Share of the pixels that had to be clipped", acquisition=False),
}
"""Every fact by name. The name includes the unit."""


def acquisition_facts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Return the facts that describe how the specimen was imaged. They remain true if the pixels are replaced."""
    return {name: value for name, value in facts.items() if name in FACTS and FACTS[name].acquisition}


def facts_to_text(facts: Mapping[str, Fact]) -> dict[str, str]:
    """Convert the facts listed in `FACTS` to text, in that order; other entries are omitted."""
    return {name: plain_text(facts[name]) for name in FACTS if name in facts}


def facts_from_text(texts: Mapping[str, str]) -> dict[str, Fact]:
    """Parse the output of `facts_to_text`; unknown names and values of the wrong type are omitted."""
    found = {name: _parsed(kind, texts[name]) for name, kind in FACTS.items() if name in texts}
    return {name: value for name, value in found.items() if value is not None}


def plain_text(value: Fact, longest: int = LONGEST_TEXT) -> str:
    """Return `value` as one line of at most `longest` characters that XML and PNG accept.

    Control characters become spaces.
    """
    text = _UNPRINTABLE.sub(" ", str(value)).strip()
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _parsed(kind: FactKind, text: str) -> Fact | None:
    if kind.type is str:
        return plain_text(text) or None
    try:
        value = kind.type(text)
    except ValueError:
        return None
    return value if math.isfinite(float(value)) else None
