"""Nothing that a page can show tells people to type a command: messages name what there is on the page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cli.task import USE_CASES

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted({*USE_CASES, "recipes", "clean", "audit", "usage", "share", "app", "tracking"})
TYPED = re.compile(rf"python -m |sem-workbench [a-z]|(?<!extra )`(?:{'|'.join(COMMANDS)})`")
"""The extra `export` is no command."""
NO_MESSAGES = {
    "pages/models/export.py": "starting a server needs a terminal of the machine: no page can do it",
    "pipelines/tracking/scoring_gate.py": "answers to the clients of a served model",
    "sem_models/serving.py": "answers to the clients of a served model",
    "pipelines/backup/leave.py": "a file for whoever leaves the program, read in a terminal",
    "pipelines/tracking/store.py": "how to install what a deployment lacks",
}


def texts(source: str) -> Iterator[str]:
    """All strings of a program except its docstrings."""
    for node in ast.walk(ast.parse(source)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and not isinstance(node, ast.Expr):
                yield child.value


def files() -> list[Path]:
    found = [path for package in ("pages", "pipelines", "sem_models") for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if not path.is_relative_to(ROOT / "pipelines" / "cli")]


def test_no_message_spells_a_command() -> None:
    named = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files()}
    # Most files spell none at all, and need not be parsed.
    suspects = {name: source for name, source in named.items() if TYPED.search(source)}
    spelled = {name for name, source in suspects.items() if any(TYPED.search(text) for text in texts(source))}
    assert spelled <= set(NO_MESSAGES)


@pytest.mark.parametrize("text", ["run `python -m pipelines prepare`", "use `judge` instead", "sem-workbench clean"])
def test_commands_are_recognised(text: str) -> None:
    assert TYPED.search(text)
    assert not TYPED.search("Prepare it again; see the `val` split, or install the extra `export`.")
