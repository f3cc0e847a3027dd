"""Places where code compares the name of a task, a method or a dataset layout."""

import ast
from collections.abc import Iterator

from benchmarks.architecture.modules import Checkout, Module

DECIDED_BY = {"task", "method", "kind"}
TABLES = ("sem_models.tasks", "sem_models.methods")
"""Packages in which these comparisons are allowed and not counted."""
PREDICATES = {"takes_labels"}
"""Functions of earlier versions that contain such a comparison."""


def comparisons(checkout: Checkout) -> list[str]:
    """`FILE:LINE source` of each comparison of `.task`, `.method` or `.kind`, and of each call of a predicate."""
    found = []
    for module in checkout.modules.values():
        if not module.name.startswith(TABLES):
            found += [_shown(checkout, module, node) for node in _decisions(module.tree)]
    return sorted(found)


def literal_comparisons(checkout: Checkout) -> list[str]:
    """The comparisons that involve a string literal or a collection of string literals."""
    found = []
    for module in checkout.modules.values():
        if not module.name.startswith(TABLES):
            nodes = (node for node in _decisions(module.tree) if any(map(_is_text, ast.walk(node))))
            found += [_shown(checkout, module, node) for node in nodes]
    return sorted(found)


def _decisions(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(map(_decides, [node.left, *node.comparators])):
            yield node
        if isinstance(node, ast.Match) and _decides(node.subject):
            yield node.subject
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PREDICATES:
            yield node


def _decides(node: ast.expr) -> bool:
    # `dtype.kind` is the NumPy code of a data type and unrelated.
    return isinstance(node, ast.Attribute) and node.attr in DECIDED_BY and not ast.unparse(node).endswith("dtype.kind")


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _shown(checkout: Checkout, module: Module, node: ast.expr) -> str:
    return f"{module.path.relative_to(checkout.root)}:{node.lineno} {ast.unparse(node)}"
