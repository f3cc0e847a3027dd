"""The input check: whether chosen files are unlike what the chosen model learned from, said before it is applied."""

from pathlib import Path

import streamlit as st

from pages.widgets.words import as_text
from pipelines.model_ref import ModelRef, RegistryRef, parse_model
from pipelines.viewing.files import fingerprint
from sem_models.errors import UserError
from sem_models.inference.input_check.reference import InputReference

_MOST_NAMED = 3
_NUMBERS = (
    "Distance from the images that the model learned from, as a share of the largest that is usual: above 1 a warning "
    "is given. It is measured by noise, sharpness, regularity and grey levels, whatever the brightness and contrast."
)


def show_input_check(model: ModelRef, source: Path) -> None:
    """Warn of files that are unlike what the model learned from; say so if all are alike."""
    from pipelines.predict.input_check import first_files

    name, files = _unchanging(model), first_files(source)
    if not name or _reference(name) is None or not files:
        return
    checks = [(file, *_checked(str(file), fingerprint(file), name)) for file in files]
    unlike = [(file, warning) for file, warning, _ in checks if warning]
    for file, warning in unlike[:_MOST_NAMED]:
        st.warning(f"{as_text(file.name)}: {warning}.", icon=":material/warning:")
    if len(unlike) > _MOST_NAMED:
        st.caption(f"{len(unlike) - _MOST_NAMED} more of the first {len(files)} images are unlike it as well.")
    excesses = {file: excess for file, _, excess in checks if excess is not None}
    if unlike:
        with st.expander("How unlike?"):
            st.caption("\n".join(f"- {as_text(file.name)}: {value:.2f}" for file, value in excesses.items()))
            st.caption(_NUMBERS)
    elif excesses:
        which = "the image resembles those" if len(files) == 1 else f"the first {len(files)} images resemble those"
        largest = f"{'' if len(files) == 1 else 'At most '}{max(excesses.values()):.2f}."
        st.caption(f"Input check: {which} that the model learned from.", help=f"{largest} {_NUMBERS}")


def _unchanging(model: ModelRef) -> str:
    """Name a model by what stays the same, for what is kept: an alias may point to another version by now.

    Empty where there is no such model, of which the prediction says what is wrong.
    """
    from pipelines.tracking.registry import find_version

    if not isinstance(model, RegistryRef):
        return str(model)
    try:
        return str(RegistryRef(model.name, version=str(find_version(model).version)))
    except UserError:
        return ""


@st.cache_data(show_spinner=False, max_entries=16)
def _reference(model: str) -> InputReference | None:
    from pipelines.predict.input_check import reference_of

    try:
        return reference_of(parse_model(model))
    except UserError:
        # The prediction says what is wrong with the model.
        return None


@st.cache_data(show_spinner="Comparing the image with what the model learned from", max_entries=256)
def _checked(file: str, content: str, model: str) -> tuple[str, float | None]:  # noqa: ARG001
    """Return the warning and the excess of a file; `content` names what is in it."""
    from pipelines.predict.input_check import check_files

    reference = _reference(model)
    found = next(iter(check_files(reference, [Path(file)])), None) if reference else None
    return (found.check.warning, found.check.excess) if found and found.check else ("", None)
