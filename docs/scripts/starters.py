"""Tables of what the starter models reach, from the file that their benchmark wrote."""

import json
from pathlib import Path
from typing import Any

_RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "starters" / "denoise.json"
_MODEL = "starter:denoise"
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


def _summary() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_RESULTS.read_text())["summary"]
    return content


def _label(name: str) -> str:
    return f"`{name}`" if name == _MODEL else name


def _interval(found: dict[str, float]) -> str:
    mean, lo, hi = (f"{found[key]:+.2f}" for key in ("mean", "lo", "hi"))
    return f"{mean} [{lo}, {hi}]"
