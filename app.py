"""SEM Workbench in the browser: `streamlit run app.py`.

The pages hang on `pages/dashboard.py`, so that a folder called `pages` does not lie beside the main script: there
Streamlit would take it for its older kind of multi-page app and answer the first deep link with an error.
"""

import streamlit as st

app = st.App("pages/dashboard.py")
