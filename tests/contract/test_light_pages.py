"""The web server starts fast: importing pages does not import torch, and showing Home does not even import MLflow."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = """
import sys

def heavy(*names):
    return [name for name in names if name in sys.modules]
"""
DRAWN = """
from importlib import import_module
from streamlit.testing.v1 import AppTest

test = AppTest.from_file("pages/dashboard.py", default_timeout=120).run()
for path in sys.argv[1:]:
    if path.endswith("/page.py"):
        test.switch_page(path).run()
    else:
        import_module("pages." + path.removesuffix(".py").replace("/", "."))
    if test.exception:
        sys.exit(f"{path}: {test.exception[0].message}")
    if heavy("torch"):
        sys.exit(f"{path} imports torch")
"""
FIRST = """
from streamlit.testing.v1 import AppTest
from pipelines.tracking import opening

go_on, opening.go_on, opening._LONGEST_WAIT_S = opening.go_on, lambda: None, None
opening.open_ahead()
home = AppTest.from_file("pages/dashboard.py", default_timeout=120).run()
waits = any("Opening the tracking store" in caption.value for caption in home.caption)
if home.exception or not waits or heavy("torch", "mlflow", "scipy"):
    sys.exit(f"{home.exception} {waits} {heavy('torch', 'mlflow', 'scipy')}")
go_on()
opening._threads[0].join(120)
home.run()
if home.exception or any("Opening" in caption.value for caption in home.caption) or not heavy("mlflow"):
    sys.exit(f"{home.exception} {[caption.value for caption in home.caption]}")
"""


def run(code: str, home: Path, *arguments: str) -> None:
    """Run code in a new process, because this one has imported torch already."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEM_HOME": str(home)}
    call = [sys.executable, "-c", HEAVY + code, *arguments]
    found = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr[-2000:]


def test_neither_importing_the_pages_nor_drawing_them_in_an_empty_home_imports_torch(tmp_path: Path) -> None:
    files = {path.relative_to(ROOT / "pages").as_posix() for path in (ROOT / "pages").rglob("*.py")}
    pages = {path for path in files if path.endswith("/page.py")}
    modules = {path for path in files - pages if Path(path).name not in ("dashboard.py", "__init__.py")}
    assert len(pages) == 8
    assert len(modules) > 20
    # Drawn first, so that no import hides another.
    run(DRAWN, tmp_path, *sorted(pages), *sorted(modules))


def test_home_of_a_new_server_does_not_wait_for_the_store(tmp_path: Path) -> None:
    run(FIRST, tmp_path)
