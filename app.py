"""SEM Workbench in the browser: `streamlit run app.py`.

This file only serves `pages/dashboard.py`, so that no folder called `pages` lies beside the main script: Streamlit
would take that for its older kind of multi-page app and answer the first deep link with an error.
"""

import streamlit as st

from pages.serving import middleware, opening, routes
from pages.widgets.faults import show_fault

app = st.App(
    "pages/dashboard.py", lifespan=opening, routes=routes(), middleware=middleware(), on_script_error=show_fault
)
