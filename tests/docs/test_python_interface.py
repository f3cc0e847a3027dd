"""The Python interface: its examples are correct, and importing it is fast."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import sem_models
from sem_models import api
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.sources import PrepareOptions
from sem_models.datasets.preparation.write import write_dataset
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network
from sem_models.physics.simulators.phantoms.table import make_phantom

FUNCTIONS = [name for name in api.__all__ if name != "Micrograph"]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a micrograph, a dataset and an untrained model."""
    folder = tmp_path_factory.mktemp("workshop")
    raw = folder / "raw"
    raw.mkdir()
    for index, kind in enumerate(("particles", "fibres", "pores", "laths")):
        sem_models.write_micrograph(raw / f"{kind}.tif", make_phantom(kind, (96, 128), seed=index).micrograph)
    sem_models.write_micrograph(folder / "micrograph.tif", make_phantom("pores", (96, 128)).micrograph)
    write_dataset(plan_dataset(PrepareOptions(name="steel", raw=(raw,))), folder / "datasets" / "steel")
    recipe = override(find_recipe("srresnet-x4-small"), ["network.blocks=1", "network.width=8"])
    torch.manual_seed(0)
    (folder / "model").mkdir()
    save_model(folder / "model", recipe, build_network(recipe.network).state_dict())
    return folder


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_are_correct(name: str, workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workshop)
    (found,) = doctest.DocTestFinder(recurse=False).find(getattr(api, name), name)
    assert found.examples, f"{name} has no example"
    failed, tried = doctest.DocTestRunner().run(found)
    assert (failed, tried) == (0, len(found.examples))


def test_import_does_not_load_torch() -> None:
    """Pages import the package, so torch is imported only by the first function that needs it."""
    code = "import sys, sem_models; assert 'torch' not in sys.modules; sem_models.load_model; sys.modules['torch']"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_names() -> None:
    assert set(sem_models.__all__) <= set(dir(sem_models))
    with pytest.raises(AttributeError, match="no attribute 'restored'"):
        _ = sem_models.restored


def test_data_bar_is_cut_unless_it_is_kept(workshop: Path) -> None:
    micrograph = sem_models.read_micrograph(workshop / "micrograph.tif")
    with_bar = type(micrograph)(micrograph.pixels, 10.0, {"image_rows": 80})
    model = sem_models.load_model(workshop / "model", device="cpu")
    assert sem_models.restore(model, with_bar).height == 4 * 80
    assert sem_models.restore(model, with_bar, databar="keep").height == 4 * 96
