"""Names and notes of other people: nothing in them is a link, an image or a formula when a browser shows them."""

import html
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from pages.widgets.words import as_note, as_text, on_page
from pipelines.home import home
from sem_models.errors import FieldRef, Message

HOSTILE = (
    "![x](http://evil.example/x.png)",
    "[click](http://evil.example)",
    "<img src=x onerror=alert(1)>",
    "<http://evil.example>",
    "**bold** _it_ `code` ~~gone~~ $x^2$ :red[x] \\[x\\] a|b",
    "![x][y]\n\n[y]: http://evil.example/x.png",
    "# heading\n- item",
)


def loads_or_leads(shown: str) -> bool:
    return any(tag in shown for tag in ("<img", "<a ", "<script", "onerror=alert(1)>"))


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_shown_character_by_character(text: str) -> None:
    shown = MarkdownIt("commonmark").renderInline(as_text(text))
    assert html.unescape(shown) == " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_notes_load_nothing_and_lead_nowhere(text: str) -> None:
    assert not loads_or_leads(MarkdownIt("commonmark").render(as_note(text)))
    assert "$" not in as_note(text).replace("\\$", "")
    assert loads_or_leads(MarkdownIt("commonmark").render(HOSTILE[0])), "without that, it would"


def test_notes_keep_their_form() -> None:
    shown = MarkdownIt("commonmark").render(as_note("**bold**\n\n- item `code`"))
    assert "<strong>bold</strong>" in shown
    assert "<li>item <code>code</code></li>" in shown


@pytest.mark.parametrize("name", HOSTILE[:4])
def test_names_in_messages_load_nothing_but_fields_stay_marked(name: str) -> None:
    said = on_page(Message(f"{name}: no image; set ", FieldRef("group_by"), " or `evaluate`."))
    shown = MarkdownIt("commonmark").renderInline(said)
    assert not loads_or_leads(shown)
    assert "<em>" in shown
    assert "<code>evaluate</code>" in shown
    assert not loads_or_leads(MarkdownIt("commonmark").render(on_page(name)))


def test_an_uploaded_file_has_its_own_name_in_messages(sem_home: Path) -> None:
    kept = home().uploads / "9f86d081" / "my scan 1.tif"
    assert on_page(f"{kept}: no image; convert {kept}.") == "my scan 1.tif: no image; convert my scan 1.tif."
    for other in (home().datasets / "a.tif", Path("/data/uploads/9f86d081/a.tif")):
        assert on_page(f"{other}: no image") == f"{other}: no image"
