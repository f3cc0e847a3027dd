"""Tables of super-resolution of simulated inputs."""

from typing import Any

from benchmarks.reports import markdown
from docs.scripts.stored import stored
from sem_models.config.presets.table import find_recipe
from sem_models.networks.table import parameter_count

COLUMNS = {
    "psnr_db": ("PSNR dB", 2, max),
    "ssim": ("SSIM (7 x 7)", 3, max),
    "gradient_error": ("gradient error", 5, min),
    "edge_retention": ("edge retention (1)", 3, max),
    "frc_mean": ("FRC mean", 3, max),
    "lpips_alex": ("LPIPS", 3, min),
    "dists": ("DISTS", 3, min),
    "down_consistency_db": ("down-consistency dB", 1, max),
}
"""Heading, number of digits and best value of the scores in the super-resolution table."""
IN_ABLATION = ("psnr_db", "gradient_error", "edge_retention", "frc_mean", "lpips_alex", "dists")


def super_resolution() -> str:
    """All methods of the comparison, with mean and standard deviation over seeds, sorted by LPIPS."""
    methods: dict[str, dict[str, Any]] = stored("super_resolution/results.json")["methods"]
    order = sorted(methods, key=lambda name: methods[name]["all"]["lpips_alex"]["mean"])
    baselines = [name for name in order if ":" in name]
    best = {
        metric: choose(methods[name]["all"][metric]["mean"] for name in order)
        for metric, (_, _, choose) in COLUMNS.items()
    }
    head = ["method (x4-small)", "parameters", "minutes, one core", *(heading for heading, _, _ in COLUMNS.values())]
    rows = []
    for name in [*(name for name in order if name not in baselines), *baselines]:
        found = methods[name]
        cells = [_score(found, metric, best[metric]) for metric in COLUMNS]
        rows.append([_label(name, found), *_cost(name, found), *cells])
    return markdown(head, rows)


def ablation() -> str:
    """The adversarial stage of SINSR-GB, each time without one of its loss terms."""
    rows = []
    for label, found in stored("super_resolution/results.json")["ablation"].items():
        name = label.removeprefix("ablation: ").removeprefix("without ")
        rows.append([name, *(f"{found['all'][metric]['mean']:.{COLUMNS[metric][1]}f}" for metric in IN_ABLATION)])
    return markdown(["without", *(COLUMNS[metric][0] for metric in IN_ABLATION)], rows)


def _label(name: str, found: dict[str, Any]) -> str:
    seeds = len(found["run_ids"])
    plain = name.removesuffix("-x4-small")
    return f"{plain} ({seeds} seeds)" if seeds > 1 else plain


def _cost(name: str, found: dict[str, Any]) -> tuple[str, str]:
    if not found["run_ids"]:
        return "-", "-"
    minutes = found["train_minutes"]
    return f"{parameter_count(find_recipe(name).network) / 1e6:.2f} M", f"{sum(minutes) / len(minutes):.0f}"


def _score(found: dict[str, Any], metric: str, best: float) -> str:
    digits, value = COLUMNS[metric][1], found["all"][metric]["mean"]
    spread = found["sd_over_seeds"].get(metric)
    text = f"{value:.{digits}f}" + (f" ± {spread:.{digits}f}" if spread is not None else "")
    return f"**{text}**" if value == best else text
