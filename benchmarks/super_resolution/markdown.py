"""Markdown tables of the results, and the scores and sets that they show."""

from collections.abc import Sequence
from typing import Any

from sem_models.evaluation.metrics.frequency import is_finest_period
from sem_models.evaluation.metrics.table import METRICS

SHOWN = (
    "psnr_db", "ssim", "gradient_error", "edge_retention", "frc_mean", "frc_resolution_px", "spectrum_distance_db",
    "lpips_alex", "dists", "down_consistency_db",
)  # fmt: skip
SETS = ("plant", "powder", "coating", "axon")
_DIGITS = {
    "psnr_db": 2,
    "down_consistency_db": 1,
    "spectrum_distance_db": 1,
    "frc_resolution_px": 2,
    "gradient_error": 5,
}


def as_markdown(content: dict[str, Any]) -> str:
    """Tables of all sets together, of each set, of the ablation, and of the paired differences."""
    lines = ["# Super-resolution x4 on four real sets", ""]
    lines += [
        f"{content['images']} whole test images of {content['groups']} specimens, "
        f"inputs simulated with {content['degradation']}. ≤ 2.00 px: on every image, detail agrees with the target up "
        "to the Nyquist frequency.",
        "",
    ]
    lines += ["## All sets", "", *_table(content["methods"], "all")]
    for name in SETS:
        n = next(iter(content["methods"].values()))[name]["psnr_db"]["n"]
        lines += ["", f"## {name.capitalize()} ({n} images)", "", *_table(content["methods"], name)]
    if content["ablation"]:
        lines += ["", "## Ablation of the adversarial stage of SINSR-GB", "", *_table(content["ablation"], "all")]
    if content["paired"]:
        lines += ["", f"## Against {content['paired_against']}, image by image", "", *_pairs(content["paired"])]
    return "\n".join(lines) + "\n"


def _table(methods: dict[str, Any], part: str) -> list[str]:
    head = ["method", *(METRICS[metric].heading for metric in SHOWN)]
    rows = [[name, *(_cell(metric, found[part][metric]) for metric in SHOWN)] for name, found in methods.items()]
    return [_line(head), _line(["---"] * len(head)), *map(_line, rows)]


def _pairs(paired: dict[str, Any]) -> list[str]:
    head = ["method minus lead", *(METRICS[metric].heading for metric in SHOWN)]
    recipes = list(next(iter(paired.values())))
    rows = [[recipe, *(_difference(metric, paired[metric][recipe]) for metric in SHOWN)] for recipe in recipes]
    return [_line(head), _line(["---"] * len(head)), *map(_line, rows)]


def _cell(metric: str, score: dict[str, float]) -> str:
    digits = _DIGITS.get(metric, 4)
    bound = "≤ " if metric == "frc_resolution_px" and is_finest_period(score["mean"]) else ""
    return f"{bound}{score['mean']:.{digits}f}"


def _difference(metric: str, pair: dict[str, Any]) -> str:
    digits = _DIGITS.get(metric, 4)
    sign = {"better": "**+**", "worse": "**-**"}.get(pair["verdict"], "")
    return (
        f"{pair['mean']:+.{digits}f} [{pair['lo']:+.{digits}f}, {pair['hi']:+.{digits}f}] p {pair['p_holm']:.3f} {sign}"
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
