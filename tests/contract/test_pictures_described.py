"""Every picture of the pages has a description for those who cannot see it; a caption alone is none."""

import ast
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "pages"


def undescribed(source: str) -> list[int]:
    """Lines of calls of `image` of Streamlit without `alt`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "image"
        and "alt" not in {keyword.arg for keyword in call.keywords}
    ]


def test_every_picture_is_described() -> None:
    found = {path: undescribed(path.read_text()) for path in PAGES.rglob("*.py")}
    assert not {str(path.relative_to(PAGES)): lines for path, lines in found.items() if lines}


def test_a_caption_alone_is_found() -> None:
    assert undescribed('st.image(x, caption="a")\nleft.image(x, alt="b")') == [1]
