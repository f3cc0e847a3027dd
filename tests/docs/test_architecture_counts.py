"""The counts of `benchmarks/architecture` on a small code base with known answers."""

from pathlib import Path

import pytest

from benchmarks.architecture.arrows import arrows, circles
from benchmarks.architecture.comparisons import comparisons, literal_comparisons
from benchmarks.architecture.measure import fragments, measure
from benchmarks.architecture.modules import Checkout, package, subpackage


@pytest.fixture
def house(tmp_path: Path) -> Path:
    files = {
        "app.py": "import pages.home\n",
        "pages/__init__.py": "",
        "pages/home.py": "from sem_models import images, tasks\nx = recipe.task == 'a'\ny = a.kind in ('b', 'c')\n",
        "pipelines/__init__.py": "",
        "sem_models/__init__.py": "",
        "sem_models/images/__init__.py": "",
        "sem_models/images/read.py": "from sem_models.tasks import table\n",
        "sem_models/tasks/__init__.py": "",
        "sem_models/tasks/table.py": "import sem_models.images.read\nz = recipe.method == 'own'\n",
        "sem_models/io.py": "a = x.task == other.task\nb = takes_labels(recipe)\nc = pixels.dtype.kind == 'f'\n",
        "README.md": "two words\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_comparisons_outside_tasks_and_methods(house: Path) -> None:
    checkout = Checkout.read(house)
    assert literal_comparisons(checkout) == [
        "pages/home.py:2 recipe.task == 'a'",
        "pages/home.py:3 a.kind in ('b', 'c')",
    ]
    assert len(comparisons(checkout)) == 4


def test_imports_and_circles(house: Path) -> None:
    checkout = Checkout.read(house)
    assert checkout.imports["pages.home"] == {"sem_models.images", "sem_models.tasks"}
    assert arrows(checkout, package) == {("app", "pages"): 1, ("pages", "sem_models"): 2}
    assert circles(arrows(checkout, subpackage)) == [["sem_models.images", "sem_models.tasks"]]


def test_fragments_have_one_importer(house: Path) -> None:
    found = fragments(Checkout.read(house))
    assert "pages.home <- app" in found
    assert "sem_models.io <- " not in " ".join(found)


def test_measured_on_any_checkout(house: Path) -> None:
    found = measure(house)
    assert (found["readme_words"], found["files"], found["circles_of_packages"]) == (2, 10, [])
