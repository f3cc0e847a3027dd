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
IMPORTED = """
from importlib import import_module

for path in sys.argv[1:]:
    import_module(path.removesuffix(".py").replace("/", "."))
    if heavy("torch"):
        sys.exit(f"{path} imports torch")
"""
DRAWN = """
from streamlit.testing.v1 import AppTest

test = AppTest.from_file("pages/dashboard.py", default_timeout=120).run()
for page in sys.argv[1:]:
    test.switch_page(f"{page}/page.py").run()
    if test.exception:
        sys.exit(f"{page}: {test.exception[0].message}")
    if heavy("torch"):
        sys.exit(f"{page} imports torch")
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


def test_no_module_of_the_pages_imports_torch(tmp_path: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pages").rglob("*.py")}
    scripts = {path for path in modules if Path(path).name in ("page.py", "dashboard.py", "__init__.py")}
    assert len(modules - scripts) > 20
    run(IMPORTED, tmp_path, *sorted(modules - scripts))


def test_no_page_of_an_empty_home_imports_torch_to_be_drawn(tmp_path: Path) -> None:
    pages = {path.parent.name for path in (ROOT / "pages").glob("*/page.py")}
    assert len(pages) == 7
    run(DRAWN, tmp_path, *sorted(pages))


def test_home_of_a_new_server_does_not_wait_for_the_store(tmp_path: Path) -> None:
    run(FIRST, tmp_path)
