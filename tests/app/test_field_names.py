"""Messages on pages name the fields of the page, not options of the command line."""

import re
from pathlib import Path

import pytest

from pages.widgets.fields import on_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("use --set network.head=sigmoid.", "use `network.head=sigmoid` under Other settings."),
        ("with --set blur.size_px=2,2.", "with `blur.size_px=2,2` under Other settings."),
        ("or name it by --set perceptual=vgg16; or", "or name it by `perceptual=vgg16` under Other settings; or"),
        ("size, --set x.rate=0.5, then", "size, `x.rate=0.5` under Other settings, then"),
        ("leave out --set degradation.…, or", "leave out degradation.…, or"),
        ("prepare it --kind masked.", "prepare it *Kind* masked."),
        ("change --group-by.", "change *Group pattern*."),
        ("--pixel-size or a larger --max-residual", "*Pixel size* or a larger *Largest residual*"),
        ("one with --with FOLDER.", "one with *Further inputs*."),
        ("give --unheard-of 3, a-b--c", "give --unheard-of 3, a-b--c"),
    ],
)
def test_options_become_fields(said: str, shown: str) -> None:
    assert on_page(said) == shown


def test_messages_of_preparing_and_of_fitting_name_no_option_once_shown() -> None:
    """Every option in a text of the package has a field, so that a new message cannot forget it."""
    folders = [ROOT / "sem_models" / name for name in ("datasets", "tasks")]
    texts = [file.read_text() for folder in folders for file in folder.rglob("*.py")]
    options = {option for text in texts for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text)} - {"--set"}
    assert len(options) > 8
    assert {option for option in options if on_page(option) == option} == set()
