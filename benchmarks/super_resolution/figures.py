"""Figures of the README from the runs that `real_sets.json` names: validation curves and test gains.

    python benchmarks/super_resolution/figures.py --home FOLDER

FOLDER is the home in which `real_sets.py` trained. Needs matplotlib, which MLflow brings along.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).resolve().parent
FIGURES = HERE.parents[1] / "docs" / "figures"
COLOURS = {"vdsr-x4-small": "#c2571a", "srresnet-x4-small": "#1f5f8b"}


def curves(results: list[dict[str, Any]]) -> None:
    """Validation PSNR over the training step, with the bicubic floor, one panel a set."""
    from pipelines.tracking.runs import metric_history

    sets = sorted({result["dataset"] for result in results})
    figure, axes = plt.subplots(1, len(sets), figsize=(8.4, 3.1), layout="constrained")
    for axis, name in zip(axes, sets, strict=True):
        runs = [result for result in results if result["dataset"] == name]
        for result in runs:
            points = metric_history(result["run_id"], "val/psnr_db")
            label = f"{result['recipe']} ({result['train_minutes']:.1f} min)"
            axis.plot(*zip(*points, strict=True), "o-", ms=3, label=label, color=COLOURS[result["recipe"]])
        floor = metric_history(runs[0]["run_id"], "val/floor_psnr_db")
        axis.axhline(floor[0][1], color="0.5", ls="--", label="bicubic floor")
        axis.set(title=f"{name}, x4, whole validation images", xlabel="training step", ylabel="PSNR (dB)")
        axis.legend(fontsize=7, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(FIGURES / "real_sets_curves.png", dpi=130)


def gains(results: list[dict[str, Any]]) -> None:
    """Test gain over bicubic with its 95 % interval, one panel a metric."""
    labels = {"psnr_db": "PSNR gain (dB)", "ssim": "SSIM gain", "lpips_alex": "LPIPS change (negative is better)"}
    figure, axes = plt.subplots(1, len(labels), figsize=(8.4, 2.2), layout="constrained", sharey=True)
    for axis, (metric, label) in zip(axes, labels.items(), strict=True):
        for row, result in enumerate(results):
            gain = result["report"]["gain_over"]["floor:bicubic"][metric]
            spread = [[gain["mean"] - gain["lo"]], [gain["hi"] - gain["mean"]]]
            axis.errorbar(gain["mean"], row, xerr=spread, fmt="o", capsize=3, color=COLOURS[result["recipe"]])
        axis.axvline(0, color="0.5", ls="--", lw=1)
        axis.set_xlabel(label, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    names = [f"{r['recipe']}, {r['dataset']} (n = {r['report']['images']})" for r in results]
    axes[0].set_yticks(range(len(results)), names, fontsize=7)
    axes[0].invert_yaxis()
    figure.savefig(FIGURES / "real_sets_gains.png", dpi=130)


def main() -> None:
    """Draw both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    os.environ["SEM_HOME"] = str(parser.parse_args().home)
    results = json.loads((HERE / "real_sets.json").read_text())
    FIGURES.mkdir(parents=True, exist_ok=True)
    curves(results)
    gains(results)


if __name__ == "__main__":
    main()
