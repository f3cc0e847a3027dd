"""Where the dashboard is served."""

import streamlit as st


def url_prefix() -> str:
    """Return the path below which the dashboard is served, without a slash at its end; usually empty."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""
