"""The result of a vendor parser, and the conversion of text to numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sem_models.images.facts import FACTS, Fact
from sem_models.images.provenance import ProcessingStep

_ASPECT_TOLERANCE = 0.01


@dataclass(frozen=True)
class Facts:
    """Pixel size in nm, acquisition facts and processing history, each if the file states it."""

    pixel_size_nm: float | None = None
    metadata: Mapping[str, Fact] = field(default_factory=dict)
    history: tuple[ProcessingStep, ...] = ()
    pixel_aspect: float = 1.0
    """Height of a pixel divided by its width."""


def number(value: Any) -> float | None:
    """Return a positive finite number, or None for anything else: vendors leave fields empty or write text in them."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if 0 < result < float("inf") else None


def aspect_of(width: float | None, height: float | None) -> float:
    """Return the height of a pixel divided by its width.

    Returns 1 if one of them is unknown, or if they differ by less than 1 %: instruments round the sizes they write.
    """
    ratio = height / width if width and height else 1.0
    return ratio if abs(ratio - 1) > _ASPECT_TOLERANCE else 1.0


def known(**values: Fact | None) -> dict[str, Fact]:
    """Return the facts that have a value.

    Raises:
        KeyError: A name is not in `FACTS`.
    """
    if unknown := values.keys() - FACTS.keys():
        raise KeyError(f"unknown facts: {', '.join(sorted(unknown))}")
    return {key: value for key, value in values.items() if value not in (None, "")}


def scaled(value: Any, factor: float) -> float | None:
    """Return a positive number times `factor`, rounded to nine significant digits, or None."""
    result = number(value)
    return None if result is None else float(f"{result * factor:.9g}")


def degrees(value: Any, factor: float = 1.0) -> float | None:
    """Return any finite number times `factor`, including 0 and negative numbers, or None."""
    try:
        result = float(value) * factor
    except (TypeError, ValueError):
        return None
    return float(f"{result:.9g}") if math.isfinite(result) else None


def moment(text: str, *formats: str) -> str:
    """Convert a date with a time to ISO 8601; empty if it cannot be parsed.

    Args:
        text: Date and time in ISO 8601 or in one of `formats`.
        formats: Formats as for `strptime`.
    """
    for form in ("", *formats):
        try:
            found = datetime.strptime(text.strip(), form) if form else datetime.fromisoformat(text.strip())
        except ValueError:
            continue
        return found.isoformat(timespec="seconds")
    return ""
