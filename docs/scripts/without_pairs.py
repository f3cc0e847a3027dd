"""The table of translation without pairs."""

from benchmarks.reports import markdown
from docs.scripts.stored import stored


def without_pairs() -> str:
    """Particles found again and scores, from secondary electrons to transmission and back; means over three fields."""
    earlier, later = (stored(f"translation/{name}_scores.json")["scores"] for name in ("unpaired", "contrast_agnostic"))
    trained = [name for name in later["tio2"] if not name.startswith("baseline:")]
    metrics = {"particles_dice": 3, "psnr_db": 1, "lpips_alex": 3, "std_ratio": 2}
    rows = []
    for name in [*trained, *earlier["tio2"]]:
        source = later if name in trained else earlier
        found = [source.get(direction, {}).get(name, {}).values() for direction in ("tio2", "tio2-back")]
        cells = [
            f"{sum(image[metric] for image in images) / len(images):.{digits}f}" if images else "-"
            for images in found
            for metric, digits in metrics.items()
        ]
        rows.append([name, *cells])
    head = ["particles, Dice", "PSNR dB", "LPIPS", "standard deviation (1)"]
    return markdown(["method", *head, f"back: {head[0]}", *head[1:]], rows)
