"""Tables of refocusing: gains by strength, and widths measured from two frames."""

from statistics import mean, median

from benchmarks.reports import markdown
from docs.scripts.stored import stored


def refocusing() -> str:
    """Gain of the model that is told the width of the blur, and of the filters beside it, by width."""
    content = stored("refocusing/strength.json")
    widths = ("0", "1", "2", "3", "4")
    rows = []
    for noise in ("noisy", "no noise"):
        for name, by_width in content[noise]["gain_db"].items():
            cells = [_mean_and_worst(by_width.get(width)) for width in widths]
            known = [gain for width in widths[1:] for gain in by_width.get(width, {}).values()]
            mean = f"{sum(known) / len(known):+.2f}" if len({*by_width} - {"0"}) == 4 else "-"
            rows.append([noise, name, *cells, mean])
    return markdown(["input", "method", *(f"{width} px" for width in widths), "mean, 1 to 4 px"], rows)


def refocusing_default() -> str:
    """Mean and worst gain on the validation split by strength, from which the default is chosen."""
    content = stored("refocusing/strength.json")
    rows = [
        [f"{name} px", f"{found['mean_gain_db']:+.2f}", f"{found['worst_gain_db']:+.2f}"]
        for name, found in content["validation"].items()
    ]
    return markdown(["strength", "mean gain over 1 to 4 px, dB", "worst image at any width, dB"], rows)


def refocusing_series() -> str:
    """The frames of the real focus series against the sharpest one, as recorded and by strength."""
    content = stored("refocusing/strength.json")
    rows = [
        [frame, name if name == "recorded" else f"{name} px", f"{found['psnr_db']:.2f}", f"{found['frc_mean']:.3f}"]
        for frame, by_strength in content["series"].items()
        for name, found in by_strength.items()
    ]
    return markdown(["frame", "strength", "PSNR dB", "FRC mean"], rows)


def two_frames() -> str:
    """Relative widths measured from simulated pairs of frames, and what the model gains when told them."""
    rows = []
    for pair, by_image in stored("refocusing/two_frames.json")["simulated"].items():
        low, high = map(float, pair.split(" to "))
        true = (high**2 - low**2) ** 0.5
        found = [row for row in by_image.values() if "width_px" in row]
        errors = [abs(row["width_px"] - true) for row in found]
        unit, scale = ("%", 100 / true) if true else ("px", 1.0)
        worst = (median(errors), max(errors)) if errors else ()
        cells = [f"{error * scale:.{1 if true else 2}f} {unit}" for error in worst] or ["-", "-"]
        gains = [row["gain_db"] for row in found if "gain_db" in row]
        told = [f"{mean(gain[how] for gain in gains):+.2f}" if gains else "-" for how in ("true", "measured")]
        rows.append([f"{low:g}, {high:g} px", f"{true:.2f} px", f"{len(found)} of {len(by_image)}", *cells, *told])
    head = ["blur of the frames", "relative width", "measured", "median error", "largest error"]
    return markdown([*head, "gain told the truth, dB", "gain told the measured width, dB"], rows)


def two_real_frames() -> str:
    """Relative widths between the frames of the real focus series."""
    rows = [
        [
            pair,
            f"{found['width_px']:.2f} ± {found['error_px']:.2f}",
            f"{found['variance_px2']:.1f} ± {found['variance_error_px2']:.1f}",
            f"{found['shift_px'][0]:+.1f}, {found['shift_px'][1]:+.1f}",
        ]
        for pair, found in stored("refocusing/two_frames.json")["series"].items()
    ]
    return markdown(["frames", "relative width, px", "difference of the squares, px²", "shift down, right, px"], rows)


def _mean_and_worst(gains: dict[str, float] | None) -> str:
    """`+3.10 (-0.20)`: mean over images, and the worst of them."""
    return "-" if gains is None else f"{sum(gains.values()) / len(gains):+.2f} ({min(gains.values()):+.2f})"
