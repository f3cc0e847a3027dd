"""What a page shows of a fault of the program, instead of a trace with links to other places."""

import streamlit as st

from pages.widgets.words import on_page
from pipelines.faults import keep_trace
from pipelines.tracking.address import without_secrets
from sem_models.errors import UserError


def show_fault(error: Exception) -> bool:
    """Show an exception that nobody caught, where the page or the part of it ended; tell Streamlit that this was done.

    A mistake that the user can correct is one sentence, as everywhere. Of a fault, the trace goes into a file.
    """
    if isinstance(error, UserError):
        st.error(without_secrets(on_page(error.message)), icon=":material/error:")
        return True
    st.error(
        f"This part of the page failed, which is a fault of the workbench ({type(error).__name__}). Nothing is lost: "
        "trainings and other background work go on, and the other pages work. Load the page again; if it fails again, "
        f"report the file `{keep_trace(error, 'dashboard')}`.",
        icon=":material/report:",
    )
    return True
