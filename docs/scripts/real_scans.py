"""Tables of super-resolution of real fast and slow scans."""

from benchmarks.reports import markdown
from benchmarks.super_resolution.variants import CONTRASTS, VARIANTS
from docs.scripts.equal_conditions import IN_CONTRASTS, SCORES, contrasts_table, gains_table, scores_table
from docs.scripts.stored import stored

RESULT = "super_resolution/real_track.json"
IN_TABLE = tuple(name for name in SCORES if name not in ("dists", "down_consistency_db"))
IN_GAINS = ("psnr_db", "psnr_affine_db", "ssim", "lpips_alex")


def real_scans() -> str:
    """Scores of methods on real fast scans against slow ones, sorted by PSNR, and the runs that are missing."""
    return scores_table(stored(RESULT)["summary"], IN_TABLE, list(VARIANTS))


def real_scan_gains() -> str:
    """Differences of the networks and each baseline, with intervals over blocks and seeds."""
    return gains_table(stored(RESULT)["summary"], IN_GAINS)


def real_scan_contrasts() -> str:
    """What a single difference between two networks is worth, with intervals over blocks and the seeds of both."""
    return contrasts_table(stored(RESULT)["contrasts"], list(CONTRASTS), IN_CONTRASTS)


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
