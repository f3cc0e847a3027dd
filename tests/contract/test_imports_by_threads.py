"""Packages are imported whole before their modules, so that threads that import at the same time do not fail.

Python locks `package.module` before `package`. A thread that imports the package, whose own code imports the module,
then waits for one that waits for it, and one of the two gets a package that is half there. Pages and the threads that
import ahead of them met in this way in the first seconds of a server.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHOLE = ("mlflow", "torch")
"""Packages that import most of their modules themselves."""
AT_ONCE = """
import importlib, sys, threading, time

failed = []

def load(name):
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed.append(f"{name}: {error!r}")

threads = [threading.Thread(target=load, args=(name,)) for name in sys.argv[1:]]
for thread in threads:
    thread.start()
    time.sleep(0.1)
for thread in threads:
    thread.join()
sys.exit("\\n".join(failed) or 0)
"""


def test_modules_that_use_the_store_can_be_imported_by_threads_at_once() -> None:
    files = sorted((ROOT / "pipelines" / "tracking").glob("*.py"))
    modules = [f"pipelines.tracking.{path.stem}" for path in files if any(_of_mlflow(path))]
    assert len(modules) > 5
    for names in (modules, modules[::-1]):
        call = [sys.executable, "-c", AT_ONCE, *names]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        ended = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr


def test_whole_packages_come_before_their_modules() -> None:
    code = "import mlflow\n\ndef use():\n    from torch.nn import Module\n    from mlflow.entities import Param\n"
    assert list(_too_early(ast.parse(code))) == ["torch.nn"]
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for folder in ("pages", "pipelines", "sem_models")
        for path in (ROOT / folder).rglob("*.py")
        for name in _too_early(ast.parse(path.read_text()))
    }
    assert not found


def _of_mlflow(path: Path) -> Iterator[str]:
    return (name for node in ast.parse(path.read_text()).body for name in _imported(node) if name.startswith("mlflow"))


def _too_early(scope: ast.AST, known: frozenset[str] = frozenset()) -> Iterator[str]:
    """Name modules of `WHOLE` packages that are imported where neither the scope nor one around it has the package."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        for name in _imported(node):
            package = name.partition(".")[0]
            if package in WHOLE and name != package and package not in known:
                yield name
            known |= {package}
        yield from _too_early(node, known)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
