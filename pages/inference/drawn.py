"""Drawing by a diffusion model: what to draw, and every image with the mean and the doubt of those of one mask."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.tasks import launch, watched
from pages.data.source import choose_source
from pages.inference.classes import classes_of, show_legend
from pipelines.home import home
from sem_models.images.channels import to_grey
from sem_models.images.label_colours import coloured
from sem_models.images.read import read_micrograph
from sem_models.recipes.labels import takes_labels
from sem_models.recipes.recipe import Recipe

TASK = "synthesise"
_SIZES = (64, 128, 256, 512)
_SHOWN = 12
_MASK, _STD = "Mask", "Standard deviation"


def is_drawing(recipe: Recipe | None) -> bool:
    """Whether a model draws micrographs by diffusion, out of nothing or after label maps."""
    return recipe is not None and recipe.method == "diffusion" and recipe.task == "synthesis"


def draw(model: str, recipe: Recipe) -> None:
    """Settings, the button, and what came out."""
    after_masks = takes_labels(recipe)
    arguments, ready = _after_masks() if after_masks else _free()
    left, middle, right = st.columns(3)
    steps = left.select_slider("Denoising steps", [10, 20, 25, 50, 100], value=50, key="draw-steps")
    guidance = 1.0
    if after_masks:
        guidance = middle.number_input("Guidance by the mask", 0.0, 10.0, 1.0, 0.5, key="draw-guidance")
    seed = int(right.number_input("Seed", 0, value=0, key="draw-seed"))
    if st.button("Draw", type="primary", disabled=not ready, icon=":material/brush:"):
        out = home().root / "results" / f"{time.strftime('%Y%m%d-%H%M%S')}-drawn"
        asked = [f"diffusion.sampling.steps={steps}", f"diffusion.sampling.guidance={guidance:g}"]
        settings = [part for text in asked for part in ("--set", text)]
        launch(TASK, ["synthesise", model, "--out", str(out), "--seed", str(seed), *arguments, *settings])
        st.rerun()
    _results(recipe.labels)


def _free() -> tuple[list[str], bool]:
    left, right = st.columns(2)
    count = int(left.number_input("Images", 1, 1000, 4, key="draw-count"))
    size = right.selectbox("Height and width (px)", _SIZES, index=1, key="draw-size")
    return ["--count", str(count), "--size", str(size)], True


def _after_masks() -> tuple[list[str], bool]:
    place = choose_source("Label map or folder on the server", "draw", "drawing")
    samples = int(st.number_input("Images for each mask", 1, 64, 4, key="draw-samples"))
    return ["--masks", str(place), "--samples", str(samples)], place is not None


def _results(labels: tuple[int, ...]) -> None:
    state = watched(TASK)
    if state is None or state.result is None:
        return
    st.divider()
    results: list[dict[str, Any]] = state.result["results"]
    if results[0]["mask"] is None:
        _grid([(Path(result["output"]).name, result["output"]) for result in results[:_SHOWN]])
        if len(results) > _SHOWN:
            st.caption(f"The first {_SHOWN} of {len(results)}; all are in {Path(results[0]['output']).parent}.")
    else:
        chosen = st.selectbox("Mask", results, format_func=lambda r: Path(r["mask"]).name, key="drawn-mask")
        _with_doubt(chosen, labels)
    st.caption("Synthetic: none of this was recorded by a microscope, and the files say so.")


def _with_doubt(result: dict[str, Any], labels: tuple[int, ...]) -> None:
    several = bool(result["samples"])
    classes = classes_of(to_grey(read_micrograph(Path(result["mask"]))).pixels, labels)
    columns = st.columns(4)
    columns[0].image(coloured(classes), caption=_MASK)
    columns[1].image(_shown(result["output"], stretched=False), caption="Mean" if several else "Drawn")
    if several:
        columns[2].image(_shown(result["std"], stretched=True), caption=_STD)
    with columns[3]:
        show_legend(classes, labels)
    _grid([(f"Sample {number + 1}", path) for number, path in enumerate(result["samples"][:_SHOWN])])
    if several:
        std = read_micrograph(Path(result["std"])).pixels
        st.caption(
            f"Bright where the samples disagree: {std.mean():.1f} grey values on average, {std.max():.1f} at most. "
            "What differs from sample to sample was not told by the mask."
        )


def _grid(pictures: list[tuple[str, str]]) -> None:
    for first in range(0, len(pictures), 4):
        for column, (caption, path) in zip(st.columns(4), pictures[first : first + 4], strict=False):
            column.image(_shown(path, stretched=False), caption=caption)


def _shown(path: str, stretched: bool) -> NDArray[np.uint8]:
    """(H, W): drawn images as they are; deviations, a few grey values each, over the whole scale."""
    grey = read_micrograph(Path(path)).pixels[..., 0].astype(np.float64)
    lo, hi = (float(grey.min()), float(grey.max())) if stretched else (0.0, 255.0)
    shown: NDArray[np.uint8] = np.clip((grey - lo) / max(hi - lo, 1e-6) * 255, 0, 255).astype(np.uint8)
    return shown
