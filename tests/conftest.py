"""Fixtures that several test folders share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.empty_store import add_empty_store
from tests.support.images import smooth_images

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the sets of real micrographs."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the shared set of real micrographs is not on this machine")
    return folder


@pytest.fixture(scope="session")
def torch_home() -> Path:
    """Folder with real backbone weights for LPIPS."""
    folder = SHARED / "torch_home"
    if not folder.is_dir():
        pytest.skip("the shared backbone weights are not on this machine")
    return folder


@pytest.fixture
def sem_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with an empty store; the developer's own is not touched."""
    monkeypatch.setenv("SEM_HOME", str(add_empty_store(tmp_path)))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr("pipelines.people.acting._Process.person", None)
    monkeypatch.setattr("pipelines.people.acting._Process.works_for_many", False)
    yield tmp_path


@pytest.fixture(scope="session", autouse=True)
def _two_threads() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "2")


@pytest.fixture(scope="session", autouse=True)
def _no_downloads() -> None:
    """Tests must not download hundreds of megabytes of weights when a machine has internet access."""
    os.environ.setdefault("SEM_OFFLINE", "1")


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small TIFF micrographs in `raw` and their dataset in `small`, prepared once and copied for each test."""
    home = tmp_path_factory.mktemp("prepared")
    raw = home / "raw"
    raw.mkdir()
    for index, image in enumerate(smooth_images(6)):
        write_micrograph(raw / f"S{index % 5 + 1}-{index}.tif", Micrograph(image[:, :, None], 2.5))
    write_dataset(plan_dataset(PrepareOptions(name="small", raw=(raw,))), home / "small")
    return home


@pytest.fixture
def raw_images(tmp_path: Path, _prepared: Path) -> Path:
    """A folder of small TIFF micrographs of five specimens, 2.5 nm per pixel."""
    return Path(shutil.copytree(_prepared / "raw", tmp_path / "raw"))


@pytest.fixture
def small_dataset(raw_images: Path, tmp_path: Path, _prepared: Path) -> Dataset:
    """The same micrographs as a dataset, in `tmp_path/datasets/small`."""
    return open_dataset(shutil.copytree(_prepared / "small", tmp_path / "datasets" / "small"))


@pytest.fixture
def tiny_recipe() -> Recipe:
    """A network that trains in seconds."""
    changes = ["train.steps=12", "train.batch=2", "train.patch=32", "train.validate_every=4", "train.log_every=1"]
    small = [
        "network.blocks=1",
        "network.width=8",
        "network.scale=2",
        "degradation.scale=2",
        "train.checkpoint_every=3",
    ]
    return override(find_recipe("srresnet-x4-small"), [*changes, *small, "degradation.read_noise=0.01"])
