"""What a browser says was chosen is one of what was offered, also where it was never on the page.

Pages filter what they offer and trust what is chosen; Streamlit is what makes this safe, so that a change of it is
noticed here. Places of rows in tables and what our own components send are checked where they are read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ElementTree

OFFERED = ("a", "b")


def script() -> None:
    import json

    import streamlit as st

    names = {"a": "A", "b": "B"}
    chosen = {
        "plain": st.selectbox("plain", list(names), key="plain"),
        "named": st.selectbox("named", list(names), format_func=names.__getitem__, key="named"),
        "none": st.selectbox("none", list(names), index=None, key="none"),
        "several": st.multiselect("several", list(names), format_func=names.__getitem__, key="several"),
        "segments": st.segmented_control("segments", list(names), key="segments"),
        "slider": st.select_slider("slider", list(names), key="slider"),
    }
    st.code(json.dumps(chosen))


@contextmanager
def forged(values: Mapping[str, str | list[str]]) -> Iterator[None]:
    """Let the browser send these values for the widgets of these keys."""
    states_of = ElementTree.get_widget_states

    def states(tree: ElementTree) -> WidgetStates:
        found = states_of(tree)
        for widget in found.widgets:
            value = values.get(widget.id.rpartition("-")[2])
            if isinstance(value, str):
                widget.string_value = value
            elif value is not None:
                widget.string_array_value.data[:] = value
        return found

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(ElementTree, "get_widget_states", states)
        yield


def test_only_what_was_offered_can_be_chosen() -> None:
    app = AppTest.from_function(script, default_timeout=60).run()
    evil: dict[str, str | list[str]] = dict.fromkeys(("plain", "named", "none"), "evil")
    with forged({**evil, "several": ["evil", "B"], "segments": ["evil"], "slider": ["evil"]}):
        app.run()
    assert not app.exception
    said = app.code[0].value
    assert "evil" not in said
    assert '"several": ["b"]' in said
    with forged({"plain": "b", "named": "B"}):
        app.run()
    assert '"plain": "b", "named": "b"' in app.code[0].value, "values are sent in this way"
