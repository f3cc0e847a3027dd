"""Scores that the benchmark scripts stored, and how tables show them."""

import json
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def stored(name: str) -> Any:
    """Read a JSON file below `benchmarks`, such as `inpainting/results.json`."""
    return json.loads((BENCHMARKS / name).read_text())


def with_interval(found: dict[str, float | None], digits: int, sign: str = "") -> str:
    """Return `28.31 [27.90, 28.72]` for `mean`, `lo` and `hi`; the mean alone if there is no interval."""
    limits = [f"{found[key]:{sign}.{digits}f}" for key in ("mean", "lo", "hi") if found[key] is not None]
    return f"{limits[0]} [{limits[1]}, {limits[2]}]" if len(limits) > 1 else limits[0]
