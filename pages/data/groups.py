"""Fields for what tells specimens apart by the names of their files."""

import streamlit as st

from sem_models.data.manifest import Kind


def group_fields(kind: Kind) -> tuple[str | None, str | None, str | None]:
    """Pattern of the groups, that of the other domain, and the test groups; None where not given."""
    group = st.text_input("Group pattern", key="group", help="Regular expression; empty: found by itself.").strip()
    other = ""
    if kind == "unpaired":
        help_text = "Regular expression for the file names of the other domain; empty: as above."
        other = st.text_input("Group pattern of the other domain", key="target_group", help=help_text).strip()
    test = st.text_input(
        "Test groups", key="test_groups", help="Regular expression of groups; empty: a fifth is dealt to the test."
    ).strip()
    return group or None, other or None, test or None
