"""Files to download, which are read or made while they are sent.

Streamlit's own button holds the whole file in memory; one that is made at the click is taken away as soon as a page is
drawn for anybody, which in a lab is often before the browser has fetched it.
"""

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.viewer.prefix import url_prefix
from pipelines.viewing.downloads import Download
from pipelines.viewing.tickets import DOWNLOADS, Ticket


def offer_download(label: str, download: Download, key: str, icon: str = "download", help_text: str = "") -> None:
    """Offer a file; the address works for this person, as long as this session lasts."""
    slot = f"download-{key}"
    held: tuple[Download, Ticket] | None = st.session_state.get(slot)
    if held is None or held[0] != download:
        held = download, DOWNLOADS.issue(lambda: download, signed_in())
        st.session_state[slot] = held
    address = f"{url_prefix()}/download/{held[1].token}"
    st.link_button(label, address, icon=f":material/{icon}:", help=help_text or None)
