"""Tables of the columns, vacancies and dents of simulated lattices at low doses."""

import json
from pathlib import Path
from typing import Any

from benchmarks.reports import markdown

RESULT = Path(__file__).resolve().parents[2] / "benchmarks" / "denoising" / "columns.json"
ALL_SCORES = {
    "psnr_db": ("PSNR dB", ".1f"),
    "atom_f1": ("F1, detected in the clean image", ".3f"),
    "column_f1": ("F1, simulated centres", ".3f"),
}
SUBLATTICE_SCORES = {
    "column_recall": ("recall", ".3f"),
    "column_precision": ("precision", ".3f"),
    "column_intensity_bias": ("intensity, bias", "+.2f"),
    "column_intensity_rms": ("intensity, error", ".2f"),
    "column_rms_px": ("position, px", ".2f"),
    "column_bound_ratio": ("position / bound", ".2f"),
}
DEFECT_SCORES = {
    "vacancy_recall": ("vacancies found", ".2f"),
    "vacancy_chance": ("by chance", ".2f"),
    "vacancy_false_alarms": ("false alarms per column", ".3f"),
    "vacancy_auc": ("AUC (chance 0.5)", ".3f"),
    "dent_recall": ("dents found", ".2f"),
    "dent_chance": ("by chance", ".2f"),
    "dent_false_alarms": ("false alarms per image", ".1f"),
}
"""Heading and format of the scores of each table."""
Scores = dict[str, dict[str, Any]]


def lattice_columns() -> str:
    """Columns by dose and method, against the clean image and against the simulated centres, with intervals."""
    rows = [
        [dose, method, *(_with_interval(found, name, form) for name, (_, form) in ALL_SCORES.items())]
        for dose, methods in _summary().items()
        for method, found in methods.items()
    ]
    return markdown(["dose", "filter", *(heading for heading, _ in ALL_SCORES.values())], rows)


def lattice_sublattices() -> str:
    """Heavy and light columns apart: found, intensity and position."""
    rows = [
        [dose, method, kind, *(_mean(found, f"{name}_{kind}", form) for name, (_, form) in SUBLATTICE_SCORES.items())]
        for kind in ("heavy", "light")
        for dose, methods in _summary().items()
        for method, found in methods.items()
    ]
    return markdown(["dose", "filter", "columns", *(heading for heading, _ in SUBLATTICE_SCORES.values())], rows)


def lattice_defects() -> str:
    """Vacancies and dents found in the same images, with false alarms, and what guessing would find."""
    rows = [
        [dose, method, *(_mean(found, name, form) for name, (_, form) in DEFECT_SCORES.items())]
        for dose, methods in _summary().items()
        for method, found in methods.items()
    ]
    return markdown(["dose", "filter", *(heading for heading, _ in DEFECT_SCORES.values())], rows)


def _summary() -> dict[str, Scores]:
    summary: dict[str, Scores] = json.loads(RESULT.read_text())["summary"]
    return summary


def _mean(found: dict[str, list[float]], name: str, form: str) -> str:
    return format(found[name][0], form) if name in found else "-"


def _with_interval(found: dict[str, list[float]], name: str, form: str) -> str:
    mean, lo, hi = (format(value, form) for value in found[name][:3])
    return f"{mean} [{lo}, {hi}]"
