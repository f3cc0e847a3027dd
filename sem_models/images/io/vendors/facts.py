"""What a vendor parser hands over, and how text becomes numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sem_models.images.facts import FACTS, Fact
from sem_models.images.provenance import ProcessingStep


@dataclass(frozen=True)
class Facts:
    """Pixel size in nm, where the file states one, acquisition facts, and processing where a file tells of it."""

    pixel_size_nm: float | None = None
    metadata: Mapping[str, Fact] = field(default_factory=dict)
    history: tuple[ProcessingStep, ...] = ()


def number(value: Any) -> float | None:
    """A positive finite number, or None for anything else: vendors leave fields empty or write words."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if 0 < result < float("inf") else None


def known(**values: Fact | None) -> dict[str, Fact]:
    """The facts that have a value; KeyError for a name that is not in the vocabulary."""
    if unknown := values.keys() - FACTS.keys():
        raise KeyError(f"no facts: {', '.join(sorted(unknown))}")
    return {key: value for key, value in values.items() if value not in (None, "")}


def scaled(value: Any, factor: float) -> float | None:
    """A positive number times `factor`, rounded to nine significant digits, or None."""
    result = number(value)
    return None if result is None else float(f"{result * factor:.9g}")


def degrees(value: Any, factor: float = 1.0) -> float | None:
    """Any finite number times `factor`, 0 and negative ones included, or None."""
    try:
        result = float(value) * factor
    except (TypeError, ValueError):
        return None
    return float(f"{result:.9g}") if math.isfinite(result) else None


def moment(text: str, *formats: str) -> str:
    """ISO 8601 of a date with a time that is in ISO 8601 or one of `formats` (as `strptime` has them), else nothing."""
    for form in ("", *formats):
        try:
            found = datetime.strptime(text.strip(), form) if form else datetime.fromisoformat(text.strip())
        except ValueError:
            continue
        return found.isoformat(timespec="seconds")
    return ""
