"""Draw the figure of the super-resolution results from `results.json`: fidelity of each method against its LPIPS.

    python -m benchmarks.super_resolution.figures

Needs matplotlib, which is installed with MLflow.
"""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from sem_models.evaluation.metrics.table import METRICS

HERE = Path(__file__).resolve().parent
FIGURE = HERE.parents[1] / "docs" / "figures" / "super_resolution.png"
PANELS = ("psnr_db", "edge_retention", "frc_mean")
LOOK = "lpips_alex"
COLOURS = {"baseline": "#8b949b", "sinsr": "#c2571a", "other": "#1f5f8b"}


def draw(axis: Axes, methods: dict[str, Any], metric: str) -> None:
    """Draw one point for each method, with 95 % intervals over specimens."""
    for name, found in methods.items():
        x, y = found["all"][LOOK], found["all"][metric]
        kind = "baseline" if name.startswith("baseline:") else "sinsr" if name.startswith("sinsr") else "other"
        axis.errorbar(
            x["mean"], y["mean"], xerr=[[x["mean"] - x["lo"]], [x["hi"] - x["mean"]]],
            yerr=[[y["mean"] - y["lo"]], [y["hi"] - y["mean"]]],
            fmt="D" if kind == "baseline" else "o", color=COLOURS[kind], ms=5, lw=0.6, alpha=0.9,
        )  # fmt: skip
        label = name.removesuffix("-x4-small").removeprefix("baseline:")
        axis.annotate(label, (x["mean"], y["mean"]), xytext=(4, 4), textcoords="offset points", fontsize=7)
    axis.set(xlabel=METRICS[LOOK].heading, ylabel=METRICS[metric].heading)
    axis.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Draw all panels."""
    content = json.loads((HERE / "results.json").read_text())
    figure, axes = plt.subplots(1, len(PANELS), figsize=(11, 3.4), layout="constrained")
    for axis, metric in zip(axes, PANELS, strict=True):
        draw(axis, content["methods"], metric)
    figure.suptitle(
        f"x4, {content['images']} whole test images of {content['groups']} specimens; bars: 95 % interval", fontsize=9
    )
    figure.savefig(FIGURE, dpi=130)


if __name__ == "__main__":
    main()
