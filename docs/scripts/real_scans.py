"""Tables of super-resolution of real fast and slow scans."""

from typing import Any

from benchmarks.reports import markdown
from docs.scripts.stored import stored, with_interval

RESULT = "super_resolution/real_track.json"


def real_scans() -> str:
    """Scores of methods on real fast scans against slow ones, sorted by PSNR."""
    summary: dict[str, dict[str, Any]] = stored(RESULT)["summary"]
    metrics = ("psnr_db", "psnr_affine_db", "ssim", "edge_retention", "gradient_energy_ratio")
    rows = []
    for name in sorted(summary, key=lambda name: -summary[name]["scores"]["psnr_db"]["mean"]):
        found = summary[name]
        cells = [with_interval(found["scores"][metric], 2 if "db" in metric else 3) for metric in metrics]
        rows.append([name, str(found["seeds"]) if "gain" in found else "-", *cells])
    head = ["method", "seeds", "PSNR dB", "PSNR after affine fit, dB", "SSIM (7 x 7)", "edge retention (1)"]
    return markdown([*head, "gradient energy, output / slow scan (1)"], rows)


def real_scan_gains() -> str:
    """PSNR and SSIM of the networks over each baseline, with intervals over blocks and seeds."""
    rows = []
    for name, found in stored(RESULT)["summary"].items():
        for other, gain in found.get("gain", {}).items():
            seeds = ", ".join(f"{value:+.2f}" for value in gain["psnr_db"]["by_seed"])
            cells = [with_interval(gain[metric], 3 if metric == "ssim" else 2, "+") for metric in gain]
            rows.append([name, other, *cells, seeds])
    head = ["network", "over", "PSNR dB", "PSNR after affine fit, dB", "SSIM"]
    return markdown([*head, "PSNR dB by seed"], rows)


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
