"""The main script of an installed package, as `app.py` is that of a checkout."""

import streamlit as st

from pages.serving import middleware, opening, routes

app = st.App("dashboard.py", lifespan=opening, routes=routes(), middleware=middleware())
