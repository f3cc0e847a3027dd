"""Many files to download as one, which is put together while it is sent."""

import streamlit as st

from pages.people.session import signed_in
from pages.widgets.viewer.prefix import url_prefix
from pipelines.viewing.archive import Archive
from pipelines.viewing.tickets import DOWNLOADS, Ticket


def offer_archive(label: str, archive: Archive, key: str) -> None:
    """Offer a ZIP file; the address works for this person, as long as this session lasts."""
    slot = f"download-{key}"
    held: tuple[Archive, Ticket] | None = st.session_state.get(slot)
    if held is None or held[0] != archive:
        held = archive, DOWNLOADS.issue(lambda: archive, signed_in())
        st.session_state[slot] = held
    st.link_button(label, f"{url_prefix()}/download/{held[1].token}", icon=":material/folder_zip:")
