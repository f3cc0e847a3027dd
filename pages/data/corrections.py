"""The corrections that a session has made, for each choice of files."""

import streamlit as st

from pages.widgets.words import on_page
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.preparation.corrections import Correction, corrections_table, merged, read_table
from sem_models.errors import UserError

_SLOT = "corrections"


def corrections_for(request: PrepareRequest) -> tuple[Correction, ...]:
    """Return the corrections of the files of a request."""
    found: tuple[Correction, ...] = st.session_state.get(_SLOT, {}).get(_files(request), ())
    return found


def correct(request: PrepareRequest, more: list[Correction]) -> None:
    """Add corrections, which the next run of the page uses."""
    _set(request, merged(corrections_for(request), more))


def show_table(request: PrepareRequest) -> None:
    """Offer the corrections as a table, with which the command line prepares the same dataset, and take one."""
    own = corrections_for(request)
    label = f"Corrections as a table ({len(own)})"
    with st.popover(label, icon=":material/table:"):
        st.caption("The command line takes the same table, so that a preparation can be repeated.")
        text = corrections_table(own)
        st.download_button("Download", text, f"{request.name}-corrections.csv", "text/csv", icon=":material/download:")
        file = st.file_uploader("Use a table", type=["csv"], key="corrections-file")
        if file and st.button("Replace all corrections by it"):
            try:
                _set(request, read_table(file.name, file.getvalue().decode("utf-8-sig")))
            except (UserError, UnicodeDecodeError) as error:
                st.error(on_page(error.message) if isinstance(error, UserError) else "This is not a text file.")
            else:
                st.rerun()
        if own and st.button("Undo all corrections", icon=":material/undo:"):
            _set(request, ())
            st.rerun()


def _set(request: PrepareRequest, corrections: tuple[Correction, ...]) -> None:
    st.session_state.setdefault(_SLOT, {})[_files(request)] = corrections


def _files(request: PrepareRequest) -> str:
    return repr((request.kind, request.arrangement, request.raw, request.target, request.masks))
