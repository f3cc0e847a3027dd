"""The acquisition facts that a micrograph may carry: their names, types and units."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

Fact = str | int | float
LONGEST_TEXT = 256
"""Characters of a fact: some vendors put whole headers into one field."""
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


@dataclass(frozen=True)
class FactKind:
    """What a fact of one name is."""

    type: type[str] | type[int] | type[float]
    meaning: str
    unit: str = ""
    acquisition: bool = True
    """False: it describes the pixels of one file, so that it does not pass on to an image made from them."""


FACTS: dict[str, FactKind] = {
    "instrument": FactKind(str, "Model of the microscope"),
    "manufacturer": FactKind(str, "Manufacturer of the microscope"),
    "beam": FactKind(str, "What the image was recorded with: electron or ion"),
    "detector": FactKind(str, "Name of the detector, or of the camera"),
    "voltage_kv": FactKind(float, "Accelerating voltage", "kV"),
    "beam_current_pa": FactKind(float, "Current of the beam on the specimen", "pA"),
    "working_distance_mm": FactKind(float, "Distance from the final lens to the plane in focus", "mm"),
    "magnification": FactKind(float, "Magnification as the instrument states it; it does not follow from the pixels"),
    "dwell_time_us": FactKind(float, "Time on one pixel in one pass of the scan", "us"),
    "line_time_ms": FactKind(float, "Time of one scan line", "ms"),
    "frame_time_s": FactKind(float, "Time of one frame", "s"),
    "exposure_s": FactKind(float, "Exposure of a camera", "s"),
    "stage_tilt_deg": FactKind(float, "Tilt of the stage", "deg"),
    "scan_rotation_deg": FactKind(float, "Rotation of the scan", "deg"),
    "acquired": FactKind(str, "When it was recorded: ISO 8601, in the time of the instrument where no zone is given"),
    "description": FactKind(str, "What the author of the file says about it"),
    "image_rows": FactKind(int, "Rows above the data bar", "px", acquisition=False),
    "replaced_pixels": FactKind(int, "Pixels without a finite value that reading replaced", "px", acquisition=False),
    "saturated_fraction": FactKind(float, "Share of the pixels that had to be clipped", acquisition=False),
}
"""Every fact by its name, which states its unit."""


def acquisition_facts(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Those that describe how the specimen was imaged, and still hold when the pixels are replaced."""
    return {name: value for name, value in facts.items() if name in FACTS and FACTS[name].acquisition}


def facts_to_text(facts: Mapping[str, Fact]) -> dict[str, str]:
    """Facts of the vocabulary as plain text, in its order; anything else is left out."""
    return {name: plain_text(facts[name]) for name in FACTS if name in facts}


def facts_from_text(texts: Mapping[str, str]) -> dict[str, Fact]:
    """The reverse of `facts_to_text`; what is not a fact, or not of its type, is left out."""
    found = {name: _parsed(kind, texts[name]) for name, kind in FACTS.items() if name in texts}
    return {name: value for name, value in found.items() if value is not None}


def plain_text(value: Fact, longest: int = LONGEST_TEXT) -> str:
    """One line of at most `longest` characters that XML and PNG can hold: control characters become spaces."""
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
