"""Only tasks and methods know what their names mean; no other code compares the name of a task, method or layout."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"task", "method", "kind"}
ANSWERING = ("sem_models/tasks/", "sem_models/methods/", "sem_models/config/methods.py", "sem_models/datasets/kinds.py")
"""The objects themselves and their tables."""
ALLOWED = {
    "sem_models/images/io/formats/tiff.py": "numpy's dtype.kind",
    "sem_models/images/io/read.py": "numpy's dtype.kind",
    "sem_models/images/intensity.py": "numpy's dtype.kind",
    "sem_models/images/resample.py": "numpy's dtype.kind",
    "pipelines/study/definition.py": "whether a picture of a study is a mosaic",
    "pipelines/study/plan.py": "whether a picture of a study is real or generated",
    "pipelines/tracking/runs.py": "what a run of the store is: a training, an evaluation, a dataset or a study",
}
"""Files that may compare, each with its reason."""


def literal(node: ast.expr) -> bool:
    """Whether a node is a string literal, or a literal collection that contains one."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.Tuple | ast.List | ast.Set) and any(literal(part) for part in node.elts)


class Comparisons(ast.NodeVisitor):
    """Collects lines on which one of the names, or a local variable assigned from it, is compared with a literal."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.locals: set[str] = set(NAMES)

    def meant(self, node: ast.expr) -> bool:
        match node:
            case ast.Attribute():
                return node.attr in NAMES
            case ast.Name():
                return node.id in self.locals
            case ast.NamedExpr():
                return self.meant(node.value)
            # `params.get("method")`, `params["method"]` and `getattr(recipe, "method")` ask for the same.
            case ast.Call():
                keys = node.args[:2]
            case ast.Subscript():
                keys = [node.slice]
            case _:
                keys = []
        return any(isinstance(key, ast.Constant) and key.value in NAMES | {"sem.task", "sem.kind"} for key in keys)

    def visit_Assign(self, node: ast.Assign) -> None:
        targets = [target for target in node.targets if isinstance(target, ast.Name)]
        if self.meant(node.value):
            self.locals |= {target.id for target in targets}
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        if self.meant(node.value):
            self.locals.add(node.target.id)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            contains = isinstance(operator, ast.In | ast.NotIn)
            sides = [(left, right)] if contains else [(left, right), (right, left)]
            self.lines += [node.lineno for name, text in sides if self.meant(name) and literal(text)]
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        if self.meant(node.subject):
            self.lines.append(node.lineno)
        self.generic_visit(node)


def compared(source: str) -> list[int]:
    found = Comparisons()
    found.visit(ast.parse(source))
    return found.lines


@pytest.mark.parametrize(
    "source",
    [
        'recipe.task == "denoising"',
        '"denoising" != recipe.task',
        'dataset.manifest.kind in ("paired", "unpaired")',
        'kind = dataset.manifest.kind\nif kind == "paired": pass',
        'what = recipe.method\nassert what not in {"cycle"}',
        'if (way := recipe.method) == "cycle": pass',
        'run.params.get("method") == "cycle"',
        'run.tags["sem.task"] == "synthesis"',
        'match recipe.task:\n    case "denoising": pass',
    ],
)
def test_a_comparison_is_found(source: str) -> None:
    assert len(compared(source)) == 1


@pytest.mark.parametrize(
    "source", ["find_task(recipe) is SEGMENTATION", "METHODS[recipe.method]", "row.method == name", "f'{recipe.task}'"]
)
def test_what_compares_no_name_is_left_alone(source: str) -> None:
    assert compared(source) == []


def test_names_are_compared_by_their_objects_alone() -> None:
    found: dict[str, list[int]] = {}
    for folder in ("sem_models", "pipelines", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(ANSWERING) and (lines := compared(path.read_text())):
                found[name] = lines
    assert {name: lines for name, lines in found.items() if name not in ALLOWED} == {}
    assert set(ALLOWED) <= set(found), "an exception that nobody needs any more goes"
