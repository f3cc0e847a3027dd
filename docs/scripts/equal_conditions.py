"""Tables of super-resolution networks that were trained under equal conditions, with several seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.reports import markdown
from benchmarks.super_resolution.equal import ALL, PROJECTED
from benchmarks.super_resolution.variants import CONTRASTS, SEEDS
from docs.scripts.stored import stored, with_interval

RESULT = "super_resolution/equal.json"
SCORES = {
    "psnr_db": ("PSNR dB", 2),
    "psnr_affine_db": ("PSNR after affine fit, dB", 2),
    "ssim": ("SSIM (7 x 7)", 3),
    "gradient_error": ("gradient error", 5),
    "edge_retention": ("edge retention (1)", 2),
    "gradient_energy_ratio": ("gradient energy (1)", 2),
    "frc_mean": ("FRC mean", 3),
    "lpips_alex": ("LPIPS", 3),
    "dists": ("DISTS", 3),
    "down_consistency_db": ("consistency dB", 1),
}
"""Heading and number of digits."""
IN_TABLE = tuple(name for name in SCORES if name not in ("psnr_affine_db", "gradient_energy_ratio"))
IN_CONTRASTS = ("psnr_db", "ssim", "gradient_error", "edge_retention", "frc_mean", "lpips_alex")
IN_GAINS = ("psnr_db", "ssim", "lpips_alex")


def equal_clean() -> str:
    """Scores on inputs without noise."""
    return scores_table(stored(RESULT)["clean"]["summary"], IN_TABLE, list(ALL))


def equal_clean_contrasts() -> str:
    """What single differences are worth without noise, projection onto the input included."""
    projections = [f"projection, {name}" for name in ALL]
    return contrasts_table(stored(RESULT)["clean"]["contrasts"], [*CONTRASTS, *projections], IN_CONTRASTS)


def equal_clean_gains() -> str:
    """Differences of the networks, as they are, and each baseline without noise."""
    summary = stored(RESULT)["clean"]["summary"]
    return gains_table({name: found for name, found in summary.items() if not name.endswith(PROJECTED)}, IN_GAINS)


def equal_noisy() -> str:
    """Scores on noisy inputs, with which no output has to agree."""
    metrics = [name for name in IN_TABLE if name != "down_consistency_db"]
    return scores_table(stored(RESULT)["noisy"]["summary"], metrics, list(ALL))


def equal_noisy_contrasts() -> str:
    """What single differences are worth with noise."""
    return contrasts_table(stored(RESULT)["noisy"]["contrasts"], list(CONTRASTS), IN_CONTRASTS)


def equal_noisy_gains() -> str:
    """Differences of the networks and each baseline with noise."""
    return gains_table(stored(RESULT)["noisy"]["summary"], IN_GAINS)


def scores_table(summary: Mapping[str, Any], metrics: Sequence[str], networks: Sequence[str]) -> str:
    """Means with intervals over specimens, sorted by PSNR, and the seeds that are missing."""
    rows = []
    for name in sorted(summary, key=lambda name: -summary[name]["scores"]["psnr_db"]["mean"]):
        found = summary[name]
        cells = [with_interval(found["scores"][metric], SCORES[metric][1]) for metric in metrics]
        rows.append([name, str(found["seeds"]) if "gain" in found else "-", *cells])
    missing = [f"{name} ({count})" for name in networks if (count := SEEDS - summary.get(name, {}).get("seeds", 0))]
    note = f"\n\nSeeds that are not trained yet: {', '.join(missing)}." if missing else ""
    return markdown(["method", "seeds", *(SCORES[metric][0] for metric in metrics)], rows) + note


def gains_table(summary: Mapping[str, Any], metrics: Sequence[str]) -> str:
    """Differences of networks and each baseline, with intervals over specimens and seeds."""
    rows = [
        [name, other, *_differences(gain, metrics)]
        for name, found in summary.items()
        for other, gain in found.get("gain", {}).items()
    ]
    return markdown(["network", "over", *(SCORES[metric][0] for metric in metrics), "PSNR dB by seed"], rows)


def contrasts_table(known: Mapping[str, Any], differences: Sequence[str], metrics: Sequence[str]) -> str:
    """What a single difference between two networks is worth, with intervals over specimens and the seeds of both."""
    rows = [[what, *_differences(known[what], metrics)] for what in differences if what in known]
    return markdown(["difference", *(SCORES[metric][0] for metric in metrics), "PSNR dB by seed"], rows)


def _differences(found: Mapping[str, Any], metrics: Sequence[str]) -> list[str]:
    seeds = ", ".join(f"{value:+.2f}" for value in found["psnr_db"]["by_seed"])
    return [*(with_interval(found[metric], SCORES[metric][1], "+") for metric in metrics), seeds]
