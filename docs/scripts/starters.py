"""Tables of what the starter models reach, from the file that their benchmark wrote."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "starters"
_RESULTS, _TRUST = _FOLDER / "denoise.json", _FOLDER / "trust.json"
_MODEL = "starter:denoise"
_OWN = {"own val": "its own, validation specimens", "own test": "its own, held-out specimens"}
_DIGITS = {"psnr_db": 2, "ssim": 3, "edge_retention": 3, "lpips_alex": 3}


def simulated() -> str:
    """Scores of all methods on unseen specimens, by dose, and gains of the model over each of them."""
    head = "| dose (e/px) | method | PSNR dB | SSIM (7 x 7) | edge retention (1) | LPIPS | model over it (dB) |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for dose, found in _summary()["simulated"].items():
        means, gains = found["means"], found["gains"]
        for name in sorted(means, key=lambda name: -means[name]["psnr_db"]["mean"]):
            cells = [f"{means[name][metric]['mean']:.{digits}f}" for metric, digits in _DIGITS.items()]
            gain = _interval(gains[name]["psnr_db"]) if name in gains else ""
            lines.append(f"| {dose} | {_label(name)} | {' | '.join(cells)} | {gain} |")
    return "\n".join(lines)


def real() -> str:
    """The same on real fast scans."""
    found = _summary()["real"]
    means, gains = found["means"], found["gains"]
    lines = [
        "| method | PSNR dB | PSNR after affine fit, dB | SSIM (7 x 7) | edge retention (1) | model over it (dB) |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for name in sorted(means, key=lambda name: -means[name]["psnr_db"]["mean"]):
        own = means[name]
        cells = [f"{own['psnr_db']['mean']:.2f}", f"{own['psnr_affine_db']['mean']:.2f}"]
        cells += [f"{own[metric]['mean']:.3f}" for metric in ("ssim", "edge_retention")]
        gain = _interval(gains[name]["psnr_db"]) if name in gains else ""
        lines.append(f"| {_label(name)} | {' | '.join(cells)} | {gain} |")
    return "\n".join(lines)


def harm() -> str:
    """By foreign set: images that became worse, and mean and least gain over the noisy input, at the three doses."""
    doses = _summary()["harm"]
    heads = [f"{dose} e/px: worse, mean, least (dB)" for dose in doses]
    lines = [f"| set | images | {' | '.join(heads)} |", "|---|---|" + "---|" * len(heads)]
    for name, first in next(iter(doses.values())).items():
        own = [found[name] for found in doses.values()]
        cells = [f"{one['harmed']}, {one['gain_db']:+.2f}, {one['least_db']:+.2f}" for one in own]
        lines.append(f"| {name} | {first['images']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def check() -> str:
    """By set: images that the input check warned of and, with noise, those harmed without a warning; the AUROC."""
    found = json.loads(_TRUST.read_text())["check_summary"]["sets"]
    conditions = [name for name in next(iter(found.values())) if name not in ("images", "auroc")]
    heads = [name if name == conditions[0] else f"{name} e/px: warned, worse unwarned" for name in conditions]
    lines = [f"| set | images | {' | '.join(heads)} | AUROC |", "|---|---|" + "---|" * (len(heads) + 1)]
    for name, one in found.items():
        cells = [str(one[conditions[0]]["warned"])]
        cells += [f"{one[each]['warned']}, {one[each]['unwarned_harm']}" for each in conditions[1:]]
        lines.append(f"| {_OWN.get(name, name)} | {one['images']} | {' | '.join(cells)} | {one.get('auroc', '')} |")
    return "\n".join(lines)


def doubt() -> str:
    """Share of pixels within 1.64 stated standard deviations of the truth, by dose, beside stated and true errors."""
    lines = [
        "| dose (e/px) | images, specimens | within 1.64 standard deviations | least and most of an image | "
        "root mean square error, stated | rank correlation over blocks of 8 px |",
        "|---|---|---|---|---|---|",
    ]
    for dose, found in json.loads(_TRUST.read_text())["coverage_summary"].items():
        covered = found["covered"]
        lines.append(
            f"| {dose} | {found['images']}, {found['specimens']} | {covered['mean']:.1%} [{covered['lo']:.1%}, "
            f"{covered['hi']:.1%}] | {found['least']:.1%}, {found['most']:.1%} | {found['rms_error']:.4f}, "
            f"{found['rms_stated']:.4f} | {found['rank_correlation']:.2f} |"
        )
    return "\n".join(lines)


def _summary() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_RESULTS.read_text())["summary"]
    return content


def _label(name: str) -> str:
    return f"`{name}`" if name == _MODEL else name


def _interval(found: dict[str, float]) -> str:
    mean, lo, hi = (f"{found[key]:+.2f}" for key in ("mean", "lo", "hi"))
    return f"{mean} [{lo}, {hi}]"
