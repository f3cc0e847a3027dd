"""The table of inpainted scan lines."""

from benchmarks.reports import markdown
from docs.scripts.stored import stored


def inpainting() -> str:
    """PSNR of the inpainted pixels by height of the gap: interpolation, and gain of the model."""
    content = stored("inpainting/results.json")
    rows = []
    for name, found in content["summary"].items():
        if not isinstance(found, dict) or "gain_db" not in found:
            continue
        lo, hi = found["interval_db"]
        seeds = ", ".join(f"{gain:+.2f}" for gain in found["gain_by_seed_db"].values())
        gain = f"{found['gain_db']:+.2f} [{lo:+.2f}, {hi:+.2f}]"
        worse = f"{found['worse_images']} of {found['images']}"
        rows.append([name, f"{found['interpolated_psnr_db']:.2f}", gain, seeds, worse])
    head = ["gap", "interpolated, PSNR dB", "gain of the model, dB", "by seed", "images with a loss"]
    return markdown(head, rows)
