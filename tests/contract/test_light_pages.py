"""The web server starts fast: importing pages does not import torch, and showing Home does not even import MLflow."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from pages import ahead

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
import gc
from streamlit.testing.v1 import AppTest
from pages import ahead, serving  # the server imports its own
from pipelines.tracking import opening

def ours():
    return {name for name in sys.modules if name.split(".")[0] in ("pages", "pipelines", "sem_models")}

with ahead._no_collections():
    ahead._import(ahead._FIRST_PAGE)
    busy = gc.isenabled()
if busy or not gc.isenabled() or not gc.get_freeze_count():
    sys.exit("garbage is looked for while modules are imported, or never again")
known = ours()
go_on, opening.go_on, opening._LONGEST_WAIT_S = opening.go_on, lambda: None, None
opening.open_ahead()
home = AppTest.from_file("pages/dashboard.py", default_timeout=120).run()
waits = any("Opening the tracking store" in caption.value for caption in home.caption)
if home.exception or not waits or heavy("torch", "mlflow", "scipy"):
    sys.exit(f"{home.exception} {waits} {heavy('torch', 'mlflow', 'scipy')}")
if ours() - known:
    sys.exit(f"the first page waits for {ours() - known}")
go_on()
opening._threads[0].join(120)
home.run()
if home.exception or any("Opening" in caption.value for caption in home.caption) or not heavy("mlflow"):
    sys.exit(f"{home.exception} {[caption.value for caption in home.caption]}")
data = home.switch_page("data/page.py").run()
if data.exception or heavy("torch", "scipy.stats", "SimpleITK"):
    sys.exit(f"Data: {data.exception} {heavy('torch', 'scipy.stats', 'SimpleITK')}")
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


def test_the_first_pages_of_a_new_server_wait_for_nothing_heavy(tmp_path: Path) -> None:
    """Home not for the store, nor for anything that is not imported ahead; Data not for what prepares datasets."""
    run(FIRST, tmp_path)


def test_what_is_imported_ahead_exists() -> None:
    # In a thread of its own, where nobody would see an error.
    names = (*ahead._FIRST_PAGE, *ahead._NEXT_PAGES, *ahead._all_modules())
    assert [name for name in names if find_spec(name) is None] == []
