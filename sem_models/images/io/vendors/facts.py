"""What a vendor parser hands over, and how text becomes numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sem_models.images.micrograph import Fact


@dataclass(frozen=True)
class Facts:
    """Pixel size in nm, where the file states one, and the acquisition facts that `Micrograph` names."""

    pixel_size_nm: float | None = None
    metadata: Mapping[str, Fact] = field(default_factory=dict)


def number(value: Any) -> float | None:
    """A positive finite number, or None for anything else: vendors leave fields empty or write words."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if 0 < result < float("inf") else None


def known(**values: Fact | None) -> dict[str, Fact]:
    """The facts that have a value."""
    return {key: value for key, value in values.items() if value not in (None, "")}


def scaled(value: Any, factor: float) -> float | None:
    """A positive number times `factor`, rounded to nine significant digits, or None."""
    result = number(value)
    return None if result is None else float(f"{result * factor:.9g}")
