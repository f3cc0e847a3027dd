"""Names that users give, against Windows' own rules, MLflow's and the file system."""

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_model_alias_name, _validate_model_name

from sem_models.names import inner_path, new_alias, new_name, new_title, one_folder, quoted, shown

HOSTILE = [
    *("", " ", "\t", ".", "..", "../..", "../../x", "/abs", "a/b", "a\\b", "a'b", 'a"b', "a\nb", "a\0b", "a`b", "a$b"),
    *(
        "<img src=x onerror=alert(1)>",
        "![x](y)",
        "x" * 300,
        "é" * 100,
        "steel.",
        "steel ",
        " steel",
        ".steel",
        "-steel",
    ),
    *("CON", "con.txt", "Nul", "com1", "LPT9.tif", "ste\u202eel", "ste\u200bel", "a\u2044b", "\uff0e\uff0e\uff0fx"),
    *("models:x", "a@b", "a#b", "a%b", "a*b", "a?b", "a|b", "\u0301a", "\ud800"),
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be a folder name|is empty") as caught:
        new_name(name)
    assert str(caught.value).isprintable(), "what cannot be seen is written as its code point"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("steel-2026_b.1", "steel-2026_b.1"),
        ("5\u00b5m", "5\u03bcm"),  # micro sign, Greek letter
        ("u\u0308ber", "\u00fcber"),
        ("\uff21", "A"),
        ("Stahl (Charge 4), x4 + 2 nm", "Stahl (Charge 4), x4 + 2 nm"),
        ("鋼", "鋼"),
        ("console", "console"),
    ],
)
def test_names_are_stored_in_one_form(name: str, stored: str) -> None:
    assert new_name(name) == stored == new_name(stored)


@given(st.text(max_size=20) | st.text("a. -_()/\\:'\u00b5\uff0f\u202e", max_size=8))
@example("a..")
@example("aux .x")
def test_whatever_is_allowed_is_one_folder_everywhere(text: str) -> None:
    try:
        name = new_name(text)
    except ValueError:
        return
    root = Path("/home/datasets")
    assert (root / name).resolve().parent == root
    windows = PureWindowsPath(name)
    assert windows.name == name
    assert not windows.is_reserved()
    assert name.rstrip(" .") == name
    _validate_model_name(name)
    assert new_name(name) == one_folder(name) == name


@pytest.mark.parametrize("name", ["../x", "..", ".", "/abs", "a/b", "", "  ", "a\0b", "x" * 256])
def test_existing_names_cannot_lead_out(name: str) -> None:
    with pytest.raises(ValueError, match=r"folder|empty"):
        one_folder(name)


@pytest.mark.parametrize("name", ["a'b", "old name.", "<b>", "a\nb", ".hidden", "5\u00b5m", "con"])
def test_odd_but_harmless_names_of_earlier_versions_are_left_alone(name: str) -> None:
    assert one_folder(name) == name


def test_paths_may_have_parts_but_no_way_out() -> None:
    assert inner_path("team/x4") == "team/x4"
    for path in ("/abs", "a/../../b", "a//b", "a/", "./a", ".."):
        with pytest.raises(ValueError, match="lead out"):
            inner_path(path)


def test_aliases_are_those_of_mlflow() -> None:
    for alias in ("champion", "a_b-1"):
        assert new_alias(alias) == alias
        _validate_model_alias_name(alias)
    assert new_alias("") == ""
    for alias in ("v1", "V12", "latest", "Latest", "a b", "a/b", "x" * 200, "ä", "a\n"):
        with pytest.raises(ValueError, match="cannot be an alias"):
            new_alias(alias)


def test_titles_may_have_punctuation_but_nothing_that_a_page_would_carry_out() -> None:
    assert new_title(" Pores: real or not? ") == "Pores: real or not?"
    for title in ("<img>", "![a](b)", "a\u202eb", "a\nb", ""):
        with pytest.raises(ValueError, match=r"cannot be a name|is empty"):
            new_title(title)


def test_names_in_messages_are_short_and_visible() -> None:
    assert shown("../x") == "../x"
    assert shown("") == quoted("") == "''"
    assert shown("a\u202eb\n") == "'a\\u202eb\\n'"
    assert len(quoted("x" * 300)) == 62
