"""Before and after on either side of a movable line, at 1:1 pixels."""

import streamlit as st

_HTML = """
<div class="viewer"><div class="frame">
<img class="before" alt="before"><img class="after" alt="after"><div class="line"></div>
<span class="tag left"></span><span class="tag right"></span></div>
<input type="range" min="0" max="100" value="50" aria-label="Position of the dividing line"></div>
"""
_CSS = """
.viewer { display: inline-block; max-width: 100%; }
.frame { position: relative; display: inline-block; overflow: hidden; line-height: 0; max-width: 100%; }
img { image-rendering: pixelated; display: block; max-width: none; }
.after { position: absolute; top: 0; left: 0; }
.line { position: absolute; top: 0; bottom: 0; width: 2px; background: #ffb000; }
.tag { position: absolute; top: 8px; padding: 2px 8px; font: 12px/1.4 sans-serif; color: #fff; background: #000a; }
.left { left: 8px; } .right { right: 8px; }
input { width: 100%; margin-top: 8px; accent-color: #1f5f8b; }
"""
_JS = """
export default function ({ parentElement, data }) {
  const find = (name) => parentElement.querySelector(name)
  find(".before").src = data.before
  find(".after").src = data.after
  find(".left").textContent = data.before_label
  find(".right").textContent = data.after_label
  const range = find("input")
  const move = () => {
    find(".after").style.clipPath = `inset(0 0 0 ${range.value}%)`
    find(".line").style.left = `calc(${range.value}% - 1px)`
  }
  range.oninput = move
  move()
}
"""
_component = st.components.v2.component("sem_before_after", html=_HTML, css=_CSS, js=_JS)


def before_after(before: str, after: str, before_label: str, after_label: str, key: str) -> None:
    """Show two pictures of the same size, given as data URLs."""
    _component(
        data={"before": before, "after": after, "before_label": before_label, "after_label": after_label}, key=key
    )
