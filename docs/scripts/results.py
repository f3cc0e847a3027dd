"""Tables for the result pages, from the files that the benchmark scripts wrote."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from typing import Any

from docs.scripts import columns, near_duplicates, samplers, speed, starters
from sem_models.config.presets.table import find_recipe
from sem_models.networks.table import parameter_count

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
DETAILS = {
    "denoising": "denoising/RESULTS.md",
    "refocusing": "refocusing/RESULTS.md",
    "translation": "translation/RESULTS.md",
    "without-pairs": "translation/UNPAIRED.md",
    "masks": "synthesis/RESULTS.md",
    "super-resolution": "super_resolution/RESULTS.md",
}
"""Tables written by the `summarise` scripts, by the page to which they belong."""
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
    methods: dict[str, dict[str, Any]] = _content()["methods"]
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
    return _table(head, rows)


def ablation() -> str:
    """The adversarial stage of SINSR-GB, each time without one of its loss terms."""
    rows = []
    for label, found in _content()["ablation"].items():
        name = label.removeprefix("ablation: ").removeprefix("without ")
        rows.append([name, *(f"{found['all'][metric]['mean']:.{COLUMNS[metric][1]}f}" for metric in IN_ABLATION)])
    return _table(["without", *(COLUMNS[metric][0] for metric in IN_ABLATION)], rows)


def real_scans() -> str:
    """Scores of methods on real fast scans against slow ones, sorted by PSNR."""
    summary: dict[str, dict[str, Any]] = _real_track()["summary"]
    metrics = ("psnr_db", "psnr_affine_db", "ssim", "edge_retention", "gradient_energy_ratio")
    rows = []
    for name in sorted(summary, key=lambda name: -summary[name]["scores"]["psnr_db"]["mean"]):
        found = summary[name]
        cells = [_with_interval(found["scores"][metric], 2 if "db" in metric else 3) for metric in metrics]
        rows.append([name, str(found["seeds"]) if "gain" in found else "-", *cells])
    head = ["method", "seeds", "PSNR dB", "PSNR after affine fit, dB", "SSIM (7 x 7)", "edge retention (1)"]
    return _table([*head, "gradient energy, output / slow scan (1)"], rows)


def real_scan_gains() -> str:
    """PSNR and SSIM of the networks over each baseline, with intervals over blocks and seeds."""
    rows = []
    for name, found in _real_track()["summary"].items():
        for other, gain in found.get("gain", {}).items():
            seeds = ", ".join(f"{value:+.2f}" for value in gain["psnr_db"]["by_seed"])
            cells = [_with_interval(gain[metric], 3 if metric == "ssim" else 2, "+") for metric in gain]
            rows.append([name, other, *cells, seeds])
    head = ["network", "over", "PSNR dB", "PSNR after affine fit, dB", "SSIM"]
    return _table([*head, "PSNR dB by seed"], rows)


def real_scan_registration() -> str:
    """Shifts between fast and slow scans, and what remains of them, in px of the slow scan."""
    found = _real_track()["registration"]
    rows = [
        [heading, *(f"{value:.2f}" for value in found[key])]
        for heading, key in (
            ("shift that was found", "shift_px"),
            ("median residual before registration", "residual_before_px"),
            ("median residual after registration", "residual_px"),
        )
    ]
    return _table(["px of the slow scan", *(f"{value} %" for value in found["percentiles"])], rows)


def _real_track() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((BENCHMARKS / "super_resolution" / "real_track.json").read_text())
    return content


def _with_interval(found: dict[str, float], digits: int, sign: str = "") -> str:
    mean, lo, hi = (f"{found[key]:{sign}.{digits}f}" for key in ("mean", "lo", "hi"))
    return f"{mean} [{lo}, {hi}]"


def inpainting() -> str:
    """PSNR of the inpainted pixels by height of the gap: interpolation, and gain of the model."""
    content = json.loads((BENCHMARKS / "inpainting" / "results.json").read_text())
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
    return _table(head, rows)


def refocusing() -> str:
    """Gain of the model that is told the width of the blur, and of the filters beside it, by width."""
    content = json.loads((BENCHMARKS / "refocusing" / "strength.json").read_text())
    widths = ("0", "1", "2", "3", "4")
    rows = []
    for noise in ("noisy", "no noise"):
        for name, by_width in content[noise]["gain_db"].items():
            cells = [_mean_and_worst(by_width.get(width)) for width in widths]
            known = [gain for width in widths[1:] for gain in by_width.get(width, {}).values()]
            mean = f"{sum(known) / len(known):+.2f}" if len({*by_width} - {"0"}) == 4 else "-"
            rows.append([noise, name, *cells, mean])
    return _table(["input", "method", *(f"{width} px" for width in widths), "mean, 1 to 4 px"], rows)


def refocusing_default() -> str:
    """Mean and worst gain on the validation split by strength, from which the default is chosen."""
    content = json.loads((BENCHMARKS / "refocusing" / "strength.json").read_text())
    rows = [
        [f"{name} px", f"{found['mean_gain_db']:+.2f}", f"{found['worst_gain_db']:+.2f}"]
        for name, found in content["validation"].items()
    ]
    return _table(["strength", "mean gain over 1 to 4 px, dB", "worst image at any width, dB"], rows)


def refocusing_series() -> str:
    """The frames of the real focus series against the sharpest one, as recorded and by strength."""
    content = json.loads((BENCHMARKS / "refocusing" / "strength.json").read_text())
    rows = [
        [frame, name if name == "recorded" else f"{name} px", f"{found['psnr_db']:.2f}", f"{found['frc_mean']:.3f}"]
        for frame, by_strength in content["series"].items()
        for name, found in by_strength.items()
    ]
    return _table(["frame", "strength", "PSNR dB", "FRC mean"], rows)


def two_frames() -> str:
    """Relative widths measured from simulated pairs of frames, and what the model gains when told them."""
    rows = []
    for pair, by_image in _two_frames()["simulated"].items():
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
    return _table([*head, "gain told the truth, dB", "gain told the measured width, dB"], rows)


def two_real_frames() -> str:
    """Relative widths between the frames of the real focus series."""
    rows = [
        [
            pair,
            f"{found['width_px']:.2f} ± {found['error_px']:.2f}",
            f"{found['variance_px2']:.1f} ± {found['variance_error_px2']:.1f}",
            f"{found['shift_px'][0]:+.1f}, {found['shift_px'][1]:+.1f}",
        ]
        for pair, found in _two_frames()["series"].items()
    ]
    return _table(["frames", "relative width, px", "difference of the squares, px²", "shift down, right, px"], rows)


def _two_frames() -> Any:
    return json.loads((BENCHMARKS / "refocusing" / "two_frames.json").read_text())


def _mean_and_worst(gains: dict[str, float] | None) -> str:
    """`+3.10 (-0.20)`: mean over images, and the worst of them."""
    return "-" if gains is None else f"{sum(gains.values()) / len(gains):+.2f} ({min(gains.values()):+.2f})"


def real_atoms() -> str:
    """Single atoms in real images, found before and after each filter."""
    content = json.loads((BENCHMARKS / "denoising" / "real_atoms.json").read_text())
    rows = []
    for name, found in content["summary"].items():
        (lo, hi), (low, high) = found["interval"], found["gain_interval"]
        gain = "-" if name == "none" else f"{found['gain']:+.3f} [{low:+.3f}, {high:+.3f}]"
        counts = [str(found[key]) for key in ("found", "missing", "invented")]
        rows.append([name, f"{found['f1']:.3f} [{lo:.3f}, {hi:.3f}]", gain, *counts])
    return _table(["filter", "F1", "gain over none", "found", "missing", "without a label"], rows)


def posterior_mean() -> str:
    """PSNR of Noise2Void and of the blind-spot network, with and without the posterior mean, and gains, by seed."""
    return _posterior("white", ("prediction", "non-local means", "Noise2Void"))


def posterior_mean_of_lines() -> str:
    """The same for masks along the scan line under noise along it, with total variation, the best filter there."""
    return _posterior("streaks", ("prediction", "non-local means", "total variation"))


def _posterior(noise: str, others: tuple[str, ...]) -> str:
    content = json.loads((BENCHMARKS / "denoising" / "posterior.json").read_text())
    rows = []
    for label, found in content.items():
        if not label.startswith(noise):
            continue
        means, gains = found["psnr_db"], found["gain_db"]
        scores = [f"{means[name]:.2f}" if name in means else "-" for name in ("posterior mean", *others)]
        over = [_gain(gains[name]["all"]) if name in gains else "-" for name in others]
        rows.append([label.split(": ")[1], *scores, *over])
    return _table(["run", "posterior mean", *others, *(f"gain over {name}" for name in others)], rows)


def _gain(found: dict[str, float | None]) -> str:
    mean = f"{found['mean']:+.2f}"
    return mean if found["lo"] is None else f"{mean} [{found['lo']:+.2f}, {found['hi']:+.2f}]"


def without_pairs() -> str:
    """Particles found again and scores, from secondary electrons to transmission and back; means over three fields."""
    earlier, later = (
        json.loads((BENCHMARKS / "translation" / f"{name}_scores.json").read_text())["scores"]
        for name in ("unpaired", "contrast_agnostic")
    )
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
    return _table(["method", *head, f"back: {head[0]}", *head[1:]], rows)


def coverage() -> str:
    """How often 95 % intervals hold the true mean, by simulation."""
    content = json.loads((BENCHMARKS / "statistics" / "coverage.json").read_text())
    rows = []
    for split, by_draw in content["specimens"].items():
        for draw, by_share in by_draw.items():
            for share, found in by_share.items():
                held = [f"{100 * value:.0f} %" for value in found.values()]
                rows.append([split, draw, f"{100 * float(share):.0f} %", *held])
    head = ["test split", "scores", "variance between specimens", "this interval", "bootstrap of specimens"]
    return _table([*head, "bootstrap of images"], rows)


def seed_coverage() -> str:
    """The same for the difference of two methods with three seeds each."""
    content = json.loads((BENCHMARKS / "statistics" / "coverage.json").read_text())
    rows = [
        [spread, *(f"{100 * value:.0f} %" for value in found.values())] for spread, found in content["seeds"].items()
    ]
    return _table(["standard deviation of the seeds", "seeds and specimens", "specimens alone"], rows)


def texture() -> str:
    """How much of a texture a sampler keeps, with an exact predictor."""
    content = json.loads((BENCHMARKS / "synthesis" / "texture.json").read_text())
    rows = [
        [sampler, steps, *(f"{100 * value:.0f} %" for value in kept)]
        for sampler, by_steps in content["kept"].items()
        for steps, kept in by_steps.items()
    ]
    return _table(["sampler", "steps", *(f"texture of {100 * share:g} %" for share in content["shares"])], rows)


def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((BENCHMARKS / "super_resolution" / "results.json").read_text())
    return content


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


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def _details(name: str, source: str) -> Callable[[], str]:
    """A page with the tables of one benchmark, as its script wrote them."""

    def page() -> str:
        text = (BENCHMARKS / source).read_text()
        return f"{text}\nWritten by `benchmarks/{source.split('/')[0]}`; discussed under [{name}](../{name}.md).\n"

    return page


TABLES: dict[str, Callable[[], str]] = {
    "super-resolution": super_resolution,
    "real-scans": real_scans,
    "real-scan-gains": real_scan_gains,
    "real-scan-registration": real_scan_registration,
    "ablation": ablation,
    "inpainting": inpainting,
    "refocusing": refocusing,
    "refocusing-default": refocusing_default,
    "refocusing-series": refocusing_series,
    "two-frames": two_frames,
    "two-real-frames": two_real_frames,
    "real-atoms": real_atoms,
    "lattice-columns": columns.lattice_columns,
    "lattice-sublattices": columns.lattice_sublattices,
    "lattice-defects": columns.lattice_defects,
    "posterior-mean": posterior_mean,
    "posterior-mean-lines": posterior_mean_of_lines,
    "without-pairs": without_pairs,
    "coverage": coverage,
    "texture": texture,
    "samplers": samplers.samplers,
    "seed-coverage": seed_coverage,
    "starter-denoise": starters.simulated,
    "starter-denoise-real": starters.real,
    "starter-denoise-harm": starters.harm,
    "speed": speed.memory_formats,
    "speed-tiles": speed.tiles,
    "speed-prediction": speed.prediction,
    "speed-tasks": speed.task_start,
    "copies": near_duplicates.copies,
    "links": near_duplicates.recordings,
    "overlaps": near_duplicates.overlaps,
}
PAGES = {f"results/tables/{name}.md": _details(name, source) for name, source in DETAILS.items()}
