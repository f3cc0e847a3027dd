"""Tables of super-resolution of real fast and slow scans."""

from typing import Any

from benchmarks.reports import markdown
from benchmarks.super_resolution.variants import CONTRASTS, SEEDS, VARIANTS
from docs.scripts.stored import stored, with_interval

RESULT = "super_resolution/real_track.json"
SCORES = {
    "psnr_db": ("PSNR dB", 2),
    "psnr_affine_db": ("PSNR after affine fit, dB", 2),
    "ssim": ("SSIM (7 x 7)", 3),
    "gradient_error": ("gradient error", 5),
    "edge_retention": ("edge retention (1)", 2),
    "gradient_energy_ratio": ("gradient energy (1)", 2),
    "frc_mean": ("FRC mean", 3),
    "lpips_alex": ("LPIPS", 3),
}
"""Heading and number of digits."""
IN_GAINS = ("psnr_db", "psnr_affine_db", "ssim", "lpips_alex")
IN_CONTRASTS = ("psnr_db", "ssim", "gradient_error", "edge_retention", "frc_mean", "lpips_alex")


def real_scans() -> str:
    """Scores of methods on real fast scans against slow ones, sorted by PSNR, and the runs that are missing."""
    summary: dict[str, dict[str, Any]] = stored(RESULT)["summary"]
    rows = []
    for name in sorted(summary, key=lambda name: -summary[name]["scores"]["psnr_db"]["mean"]):
        found = summary[name]
        cells = [with_interval(found["scores"][metric], digits) for metric, (_, digits) in SCORES.items()]
        rows.append([name, str(found["seeds"]) if "gain" in found else "-", *cells])
    missing = [f"{name} ({count})" for name in VARIANTS if (count := SEEDS - summary.get(name, {}).get("seeds", 0))]
    note = f"\n\nSeeds that are not trained yet: {', '.join(missing)}." if missing else ""
    return markdown(["method", "seeds", *(heading for heading, _ in SCORES.values())], rows) + note


def real_scan_gains() -> str:
    """Differences of the networks and each baseline, with intervals over blocks and seeds."""
    rows = [
        [name, other, *_differences(gain, IN_GAINS)]
        for name, found in stored(RESULT)["summary"].items()
        for other, gain in found.get("gain", {}).items()
    ]
    return markdown(["network", "over", *(SCORES[metric][0] for metric in IN_GAINS), "PSNR dB by seed"], rows)


def real_scan_contrasts() -> str:
    """What a single difference between two networks is worth, with intervals over blocks and the seeds of both."""
    known = stored(RESULT)["contrasts"]
    rows = [[what, *_differences(known[what], IN_CONTRASTS)] for what in CONTRASTS if what in known]
    return markdown(["difference", *(SCORES[metric][0] for metric in IN_CONTRASTS), "PSNR dB by seed"], rows)


def _differences(found: dict[str, Any], metrics: tuple[str, ...]) -> list[str]:
    seeds = ", ".join(f"{value:+.2f}" for value in found["psnr_db"]["by_seed"])
    return [*(with_interval(found[metric], SCORES[metric][1], "+") for metric in metrics), seeds]


def real_scan_registration() -> str:
    """Shifts between fast and slow scans, and what remains of them, in px of the slow scan."""
    found = stored(RESULT)["registration"]
    rows = [
        [heading, *(f"{value:.2f}" for value in found[key])]
        for heading, key in (
            ("shift that was found", "shift_px"),
            ("median residual before registration", "residual_before_px"),
            ("median residual after registration", "residual_px"),
        )
    ]
    return markdown(["px of the slow scan", *(f"{value} %" for value in found["percentiles"])], rows)
