"""Table of images drawn after real masks by the old and the new sampler."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reports import markdown

RESULT = Path(__file__).resolve().parents[2] / "benchmarks" / "synthesis" / "samplers.json"
SCORES = {
    "within_classes_ratio": ("standard deviation within classes (1)", ".2f"),
    "std_ratio": ("standard deviation (1)", ".2f"),
    "gradient_energy_ratio": ("gradient energy (1)", ".2f"),
    "slope_difference": ("spectrum slope (0)", "+.2f"),
    "histogram_distance": ("histogram distance (0)", ".3f"),
    "lpips_alex": ("LPIPS", ".3f"),
    "psnr_db": ("PSNR dB", ".1f"),
}
"""Heading and format of each score, the best value in parentheses."""


def samplers() -> str:
    """Means with the smallest and the largest value, over the images and seeds that every sampler has drawn."""
    rows: list[dict[str, Any]] = json.loads(RESULT.read_text())["rows"]
    drawn = [row for row in rows if "seconds" in row]
    methods = {row["method"] for row in drawn}
    times = Counter((row["image"], row["seed"]) for row in drawn)
    rows = [row for row in rows if row not in drawn or times[row["image"], row["seed"]] == len(methods)]
    table = []
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        seconds = [row["seconds"] for row in own if "seconds" in row]
        cells = [_range([row[name] for row in own if name in row], form) for name, (_, form) in SCORES.items()]
        table.append([method, str(len(own)), *cells, f"{np.mean(seconds):.0f}" if seconds else "-"])
    return markdown(["drawn by", "images", *(heading for heading, _ in SCORES.values()), "seconds for one"], table)


def _range(values: list[float], form: str) -> str:
    if not values:
        return "-"
    mean, low, high = (format(float(value), form) for value in (np.mean(values), min(values), max(values)))
    return f"{mean} ({low} to {high})"
