"""A cluster of one node for all tests of this folder, and a home whose trainings it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from tests.support import slurm
from tests.support.slurm import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for the whole session: it takes seconds to start."""
    with slurm.cluster(tmp_path_factory.mktemp("slurm")) as found:
        yield found


@pytest.fixture
def on_slurm(cluster: Cluster, sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The cluster, from which all jobs of a test are gone afterwards."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    yield cluster
    cluster.clear()


@pytest.fixture
def long_recipe(tiny_recipe: Recipe) -> Recipe:
    """A recipe that trains until it is stopped."""
    return override(tiny_recipe, ["train.steps=200000", "train.checkpoint_every=20", "train.validate_every=100000"])
