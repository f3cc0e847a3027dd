"""No page shows or starts anything without asking who is there: seen in the text of all pages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "pages"
FILTERS = {"list_runs": "seen", "list_versions": "seen", "list_datasets": "seen_datasets"}
"""What lists things, and what keeps those that the person may see. Studies are offered to everybody."""
OF_EVERYBODY = {"train/cost.py": 2}
"""Lists that are not filtered: the queue, in which trainings of others have a place and no name."""
FOR_SOMEBODY = {"start_task": 2, "cancel_task": 2, "cancel": 2, "resume": 2, "interpolate": 2, "store_answer": 5,
                "issue": 2, "recent_work": 1, "list_tasks": 1, "admit": 2, "promote": 2, "state_licence": 3,
                "archive": 3, "describe_run": 4, "mark_seen": 2, "open_key": 2}  # fmt: skip
"""What does something for a person, and how many arguments it has with the person."""
ASKED = {"task_state": "require_seen", "plan_dataset": "admit", "study_results": "require_seen"}  # fmt: skip
"""What opens or changes one thing by its name, and what the same function has to call before."""
FILES = [path for path in sorted(ROOT.rglob("*.py")) if "people" not in path.parts]


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def is_partial(made: ast.expr) -> bool:
    return isinstance(made, ast.Call) and name(made) == "partial"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_list_is_filtered_and_every_deed_is_somebodys(path: Path) -> None:
    tree = ast.parse(path.read_text())
    filtered = {
        (name(inner), inner.lineno, inner.col_offset)
        for outer in calls(tree)
        if name(outer) in FILTERS.values()
        for inner in outer.args
        if isinstance(inner, ast.Call) and FILTERS.get(name(inner)) == name(outer)
    }
    lists = {(name(call), call.lineno, call.col_offset) for call in calls(tree) if name(call) in FILTERS}
    assert len(lists - filtered) == OF_EVERYBODY.get(str(path.relative_to(ROOT)), 0), lists - filtered
    short = [
        (name(call), call.lineno)
        for call in calls(tree)
        if len(call.args) + len(call.keywords) < FOR_SOMEBODY.get(name(call), 0)
    ]
    assert short == []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        called = {name(call) for call in calls(function)}
        missing = {asked for asked, first in ASKED.items() if asked in called and first not in called}
        assert missing - ({"task_state"} if function.name == "_running" else set()) == set(), function.name
    offered = [call.args[1] for call in calls(tree) if name(call) == "download_button"]
    # What Streamlit calls at the click, it gives to anybody who knows its number, and takes away too early.
    assert [made.lineno for made in offered if isinstance(made, ast.Lambda | ast.Attribute) or is_partial(made)] == []
    # The gate stands before pages; parts that Streamlit draws again without their page have `redrawn` before them.
    assert "fragment" not in {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    trained = [call for call in calls(tree) if name(call) == "train" and not any(k.arg == "by" for k in call.keywords)]
    assert trained == []


def test_all_that_is_looked_for_exists() -> None:
    """A function that was given another name would no longer be looked for."""
    texts = "\n".join(path.read_text() for path in FILES)
    assert {one for one in (*FILTERS, *FOR_SOMEBODY, *ASKED) if f"{one}(" not in texts} == set()
