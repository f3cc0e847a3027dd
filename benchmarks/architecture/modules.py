"""Modules of a checkout and their imports, read from the syntax tree without executing any code."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("sem_models", "pipelines", "pages")
"""Packages of the program from the lowest to the highest layer; `app.py` is above them."""


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    """Dotted name; for a package without `__init__`."""
    path: Path
    text: str

    @property
    def lines(self) -> int:
        """Number of lines of the file."""
        return len(self.text.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        """Syntax tree of the file."""
        return ast.parse(self.text)


@dataclass(frozen=True)
class Checkout:
    """All modules below one folder, by dotted name."""

    root: Path
    modules: dict[str, Module]

    @classmethod
    def read(cls, root: Path) -> "Checkout":
        """Read `app.py` and the packages of the program."""
        paths = [root / "app.py", *(path for name in PACKAGES for path in sorted((root / name).rglob("*.py")))]
        modules = (Module(_dotted(path.relative_to(root)), path, path.read_text()) for path in paths)
        return cls(root, {module.name: module for module in modules})

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """For each module, the modules of the program that it imports anywhere in its file."""
        return {name: set(self._imported(module)) - {name} for name, module in self.modules.items()}

    @cached_property
    def importers(self) -> dict[str, set[str]]:
        """For each module, the modules that import it."""
        found: dict[str, set[str]] = {name: set() for name in self.modules}
        for name, targets in self.imports.items():
            for target in targets:
                found[target].add(name)
        return found

    def _imported(self, module: Module) -> Iterator[str]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in self.modules)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                for alias in node.names:
                    submodule = f"{node.module}.{alias.name}"
                    if submodule in self.modules:
                        yield submodule
                    elif node.module in self.modules:
                        yield node.module


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def subpackage(module: str) -> str:
    """Subpackage of a module: `sem_models.physics.blur` is in `sem_models.physics`."""
    return ".".join(module.split(".")[:2])


def package(module: str) -> str:
    """Top-level package of a module."""
    return module.split(".")[0]


def commit(root: Path) -> str:
    """Short hash of the checked-out commit, followed by `+` if tracked files were changed."""

    def git(*arguments: str) -> str:
        call = ["git", "-C", str(root), *arguments]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
