"""Inference: apply a model to micrographs, and look carefully at what it did."""

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.inference.classes import show_classes_result
from pages.inference.drawn import draw, is_drawing
from pages.inference.drawn_results import TASK as DRAWING
from pages.inference.drawn_results import show_drawn
from pages.inference.input_check import show_input_check
from pages.inference.result import Beside, MadeFrom, StdSource, show_result
from pages.inference.together import choose_ensemble
from pages.people.files import results_folder
from pages.widgets.downloads import offer_download
from pages.widgets.frame import begin, shown_errors
from pages.widgets.models import choose_model, model_title
from pages.widgets.source import choose_source
from pages.widgets.strength import ChosenBlur, choose_blur
from pages.widgets.tasks import launch, watched
from pages.widgets.words import LABELS, as_text, on_page
from pipelines.model_ref import ModelRef, RunRef, StarterRef, parse_model
from pipelines.predict.requests import PredictRequest, StdChoice
from pipelines.predict.results import new_result_folder, packed_results
from sem_models.evaluation.data_consistency import known_forward
from sem_models.images.channels import to_grey
from sem_models.images.io.read import read_micrograph, readable_suffixes
from sem_models.tasks.table import find_task
from sem_models.tasks.words import RESTORING

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe

TASK = "predict"


def show() -> None:
    """Show the page; the form gives way to a result, which needs the room."""
    begin(
        "Inference",
        "Apply a model to new micrographs. Bit depth, pixel size and provenance are kept.",
        starts_work=True,
    )
    asked_before = {TASK, DRAWING} & set(st.query_params)
    with st.expander("Model and files", expanded=not asked_before, icon=":material/tune:"), shown_errors():
        _ask()
    with shown_errors():
        _results()


def _ask() -> None:
    """Ask for a model and for what it is applied to."""
    left, right = st.columns(2, gap="large")
    with left:
        model = choose_model()
    recipe = _recipe(model)
    if model and recipe and is_drawing(recipe):
        draw(model, recipe)
        return
    with right:
        source = choose_source("File or folder on the server", "infer", "inference", st.query_params.get("file", ""))
        extra_inputs = choose_extra_inputs(model, source)
        blur = choose_blur(recipe)
    if model and source:
        show_input_check(model, source)
    ready = bool(model and source) and extra_inputs is not None and blur.ready
    projection = choose_projection(model)
    ensemble = choose_ensemble(model, recipe)
    std = "auto" if ensemble else choose_std(model, recipe, projection)
    words = find_task(recipe).words if recipe else RESTORING
    if st.button(words.verb, type="primary", disabled=not ready, icon=words.icon) and model and source:
        _launch(model, source, extra_inputs or [], projection, blur, std, ensemble)


def _results() -> None:
    """Show the results that the address names, whichever model is chosen now."""
    _result()
    show_drawn()


def _recipe(model: ModelRef | None) -> "Recipe | None":
    from pipelines.models import recipe_of

    return recipe_of(model) if model else None


def choose_projection(model: ModelRef | None) -> bool:
    """Ask whether to project outputs onto their inputs, where the model allows it."""
    from pipelines.predict.projection import offers_projection

    if model is None or not offers_projection(model):
        return False
    # A key of its own for each model: what suits one need not suit the next.
    return st.checkbox(LABELS["projection"], help=PredictRequest.description("projection"), key=f"projection-{model}")


def choose_std(model: ModelRef | None, recipe: "Recipe | None", projection: bool) -> StdChoice:
    """Ask whether to measure the spread over orientations, for models that have not learned to state their doubt."""
    if model is None or recipe is None or projection or isinstance(model, StarterRef):
        return "auto"
    if recipe.diffusion or not find_task(recipe).may_be_repeated(recipe):
        return "auto"
    help_text = PredictRequest.description("std")
    return "always" if st.checkbox(LABELS["std"], help=help_text, key=f"std-{model}") else "auto"


def _launch(
    model: ModelRef,
    source: Path,
    extra_inputs: list[Path],
    projection: bool,
    blur: ChosenBlur,
    std: StdChoice,
    ensemble: list[RunRef],
) -> None:
    request = PredictRequest(
        model=model,
        inputs=(source,),
        out=new_result_folder(results_folder(), model),
        extra_inputs=extra_inputs,
        projection=projection,
        strength_px=blur.strength_px,
        second_frame=blur.second_frame,
        focus_step_px=blur.focus_step_px,
        std=std,
        ensemble=ensemble,
    )
    launch(TASK, request)
    st.rerun()


def _result() -> None:
    state = watched(TASK)
    if state is None or state.result is None:
        return
    results = [result for result in state.result["results"] if result["output"]]
    for failed in (result for result in state.result["results"] if result["error"]):
        st.warning(on_page(failed["error"]))
    if not results:
        return
    chosen = results[0]
    if len(results) > 1:
        chosen = st.selectbox("Result", results, format_func=_label, key="result") or results[0]
    if chosen.get("warning"):
        st.warning(chosen["warning"])
    _show(chosen, parse_model(state.request["model"]))
    packed = packed_results(state)
    if len(packed.files) > 1:
        offer_download(f"Download all {len(packed.files)} files (ZIP)", packed, "results", "folder_zip")


def _notes(result: dict[str, Any]) -> str:
    """Say what was done to a file besides applying the model."""
    notes = []
    if result.get("databar_rows"):
        rows = f"{result['databar_rows']} rows at the bottom"
        notes.append(f"The data bar ({rows}) was cut before the model was applied.")
    if result.get("blur_px") is not None:
        notes.append(f"Measured blur: sigma {result['blur_px']:g} ± {result['blur_error_px']:.2g} px.")
    if result.get("extra_inputs"):
        names = " + ".join(Path(name).name for name in (result["source"], *result["extra_inputs"]))
        notes.append(f"Assembled from {as_text(names)}; the first is shown as the input.")
    return " ".join(notes)


def _show(result: dict[str, Any], model: ModelRef) -> None:
    """Show a result with the model that made it, which need not be the one that is chosen now."""
    source, output = Path(result["source"]), Path(result["output"])
    recipe = _recipe(model)
    task = find_task(recipe) if recipe else None
    caveat = (task.words if task else RESTORING).caveat
    st.caption(f"{as_text(_label(result))}, made by {as_text(model_title(model))}. {_notes(result)} {caveat}")
    if task and recipe and recipe.labels:
        show_classes_result(source, result["page"], output, recipe.labels, drawn=task.input_is_mask(recipe))
    else:
        label = recipe.name if recipe and isinstance(model, RunRef) else str(model).removeprefix("models:/")
        restored = task is None or task.keeps_contrast
        forward = known_forward(recipe) if recipe and restored else None
        members = result.get("std_members", 0)
        stated = StdSource(bool(result.get("std_is_learned")), members)
        label = f"{label} and {members - 1} more" if members else label
        made = MadeFrom(source, result["page"], label, restored, forward, stated)
        show_result(output, made, Beside(_path(result.get("abstention")), _path(result.get("std"))))


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _label(result: dict[str, Any]) -> str:
    return f"{Path(result['source']).name}, page {result['page']}" if result["page"] else Path(result["source"]).name


def choose_extra_inputs(model: ModelRef | None, source: Path | None) -> list[Path] | None:
    """Ask for extra inputs, one at a time, until the channels suffice; None while one is missing."""
    from pipelines.models import channels_taken

    places: list[Path] = []
    if model is None or source is None or (wanted := channels_taken(model)) == 1:
        return places
    have = _channels(source)
    if have is None or have >= wanted:
        return places
    for number in count(1):
        st.caption(f"The model takes {wanted} channels; {wanted - have} are missing.")
        place = choose_source(f"Extra input {number}: file or folder on the server", f"further-{number}", "further")
        more = _channels(place) if place else None
        if place is None or more is None:
            return None
        places.append(place)
        have += more
        if have >= wanted:
            return places
    return None


def _channels(place: Path) -> int | None:
    """Count the channels of the first image; None where there is none, which the prediction reports better."""
    files = place.rglob("*") if place.is_dir() else [place]
    images = (path for path in files if path.is_file() and path.suffix.lower() in readable_suffixes())
    first = next(images, None)
    return to_grey(read_micrograph(first)).channels if first else None


show()
