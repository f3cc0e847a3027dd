"""What a diffusion model drew: every image, mean and standard deviation of those of one mask, and the files."""

from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from pages.charts.palette import SEQUENTIAL
from pages.inference.classes import classes_of, show_legend, size_text
from pages.widgets.downloads import offer_download
from pages.widgets.tasks import watched
from pages.widgets.words import on_page
from pipelines.model_ref import parse_model
from pipelines.predict.results import packed_results, result_files
from pipelines.viewing.archive import Archive, below
from pipelines.viewing.downloads import FileDownload
from sem_models.images.channels import to_grey
from sem_models.images.display import coloured
from sem_models.images.io.read import read_micrograph

TASK = "synthesise"
_SHOWN = 12
_HEIGHT_PX = 380


def show_drawn() -> None:
    """Show the result of the task that the address names, with the model that drew it, whichever is chosen now."""
    state = watched(TASK)
    if state is None or state.result is None:
        return
    st.divider()
    results: list[dict[str, Any]] = [result for result in state.result["results"] if result["output"]]
    for result in state.result["results"]:
        if result.get("error"):
            st.error(on_page(result["error"]))
    model = parse_model(state.request["model"])
    if results[0]["mask"] is None:
        _show_free([result["output"] for result in results])
    else:
        chosen = st.selectbox("Mask", results, format_func=lambda r: Path(r["mask"]).name, key="drawn-mask")
        from pipelines.models import recipe_of

        recipe = recipe_of(model)
        _show_after_mask(chosen, recipe.labels if recipe else ())
    packed = packed_results(state)
    if len(packed.files) > 1:
        offer_download(f"Download all {len(packed.files)} files (ZIP)", packed, "drawn", "folder_zip")
    st.caption(f"Synthetic, drawn by `{model}`: none of this was recorded by a microscope, and the files say so.")


def _show_free(files: list[str]) -> None:
    _grid([(Path(file).name, file) for file in files[:_SHOWN]])
    if len(files) > _SHOWN:
        st.caption(f"The first {_SHOWN} of {len(files)}; the ZIP file below has all of them.")


def _show_after_mask(result: dict[str, Any], labels: tuple[int, ...]) -> None:
    several = bool(result["samples"])
    output = read_micrograph(Path(result["output"]))
    classes = classes_of(to_grey(read_micrograph(Path(result["mask"]))).pixels, labels)
    st.caption(size_text(output))
    columns = st.columns(3, gap="medium")
    columns[0].image(coloured(classes), caption="Mask", alt="Mask", width="stretch")
    what = f"Mean of {len(result['samples'])} samples" if several else "Drawn"
    columns[1].image(_picture(result["output"]), caption=what, alt=what, width="stretch")
    if several:
        with columns[2]:
            _show_deviation(read_micrograph(Path(result["std"])).pixels[..., 0])
    show_legend(classes, labels)
    _grid([(f"Sample {number + 1}", path) for number, path in enumerate(result["samples"][:_SHOWN])])
    if len(result["samples"]) > _SHOWN:
        st.caption(f"The first {_SHOWN} of {len(result['samples'])}; the ZIP file below has all of them.")
    _offer_files(result)


def _show_deviation(std: NDArray[np.generic]) -> None:
    st.plotly_chart(deviation_figure(std), key="drawn-doubt", config={"displayModeBar": False})
    st.caption(
        f"Standard deviation over the samples, on average {std.mean():.1f} and at most {std.max():.1f} of 255 grey "
        "values. Bright where the samples disagree, because the mask leaves it open."
    )


def deviation_figure(std: NDArray[np.generic]) -> go.Figure:
    """Draw (H, W) standard deviations in grey values, from 0, with a colour bar."""
    bar = {"title": {"text": "grey values", "side": "bottom"}, "orientation": "h", "thickness": 12, "y": -0.02,
           "yanchor": "top", "len": 1.0}  # fmt: skip
    figure = go.Figure(go.Heatmap(z=std[::-1], colorscale=SEQUENTIAL, zmin=0, colorbar=bar, hovertemplate="%{z:.1f}"))
    figure.update_layout(
        height=_HEIGHT_PX, margin={"l": 0, "r": 0, "t": 0, "b": 0}, xaxis={"visible": False, "constrain": "domain"},
        yaxis={"scaleanchor": "x", "visible": False, "constrain": "domain"},
    )  # fmt: skip
    return figure


def _offer_files(result: dict[str, Any]) -> None:
    output = Path(result["output"])
    with st.container(horizontal=True):
        label = "Download the mean (TIFF)" if result["samples"] else "Download the TIFF"
        offer_download(label, FileDownload(output, "image/tiff"), "drawn-one")
        if result["samples"]:
            files = result_files(result)
            packed = Archive(f"{output.stem}.zip", below(output.parent, files))
            offer_download("Mean, standard deviation and all samples (ZIP)", packed, "drawn-all", "folder_zip")


def _grid(pictures: list[tuple[str, str]]) -> None:
    for first in range(0, len(pictures), 4):
        for column, (caption, path) in zip(st.columns(4), pictures[first : first + 4], strict=False):
            column.image(_picture(path), caption=caption, alt=caption, width="stretch")


def _picture(path: str) -> NDArray[np.uint8]:
    """Read a drawing as (H, W); its 8 bits are shown as they are."""
    grey: NDArray[np.uint8] = read_micrograph(Path(path)).pixels[..., 0].astype(np.uint8)
    return grey
