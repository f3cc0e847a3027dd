"""Probe, range test and branch as users ask for them: no run is left behind, and a branch is what its run was."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.home import home
from pipelines.jobs import slots
from pipelines.jobs.slots import try_slot
from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run, list_runs
from pipelines.train.create import create_training, schedule_training
from pipelines.train.measure import find_rate, probe
from pipelines.train.requests import FindRateRequest, ProbeRequest, TrainRequest
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from tests.support.command_line import here

TINY = (
    *("train.steps=40", "train.batch=2", "train.patch=32", "train.validate_every=20", "network.blocks=1"),
    *("network.width=8", "train.checkpoint_every=20"),
)
ASKED = {"recipe": "srresnet-x2-small", "dataset": "small", "changes": TINY}


def test_a_probe_leaves_nothing_behind(
    sem_home: Path, small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[Path] = []

    @contextlib.contextmanager
    def thrown_away() -> Iterator[str]:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            folders.append(Path(folder))
            yield folder
            assert list(Path(folder).iterdir()), "the checkpoint"

    monkeypatch.setattr("pipelines.train.measure.tempfile", SimpleNamespace(TemporaryDirectory=thrown_away))
    cost = probe(ProbeRequest(**ASKED))
    assert (cost["steps"], cost["validations"], cost["alone"]) == (40, 2, True)
    assert cost["total_s"] > 40 * cost["stages"][0]["step_s"] > 0
    json.dumps(cost)
    assert list_runs() == []
    assert [folder.exists() for folder in folders] == [False]
    assert not home().work.exists()
    assert try_slot() is not None, "it is free again"


def test_a_probe_beside_a_training_says_so_and_leaves_a_gpu_alone(
    sem_home: Path, small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = try_slot()
    assert held is not None
    assert probe(ProbeRequest(**ASKED))["alone"] is False
    held.release()
    monkeypatch.setattr(slots, "slot_names", lambda: ("gpu0",))
    monkeypatch.setattr("pipelines.train.measure.slot_names", lambda: ("gpu0",))
    gpu = try_slot()
    assert gpu is not None
    with pytest.raises(UserError, match="All GPUs are training"):
        probe(ProbeRequest(**ASKED))
    gpu.release()


def test_what_cannot_be_trained_cannot_be_measured(sem_home: Path, small_dataset: Dataset) -> None:
    for measure, request in ((probe, ProbeRequest), (find_rate, FindRateRequest)):
        with pytest.raises(UserError, match="learns from masks"):
            measure(request(recipe="unet-segment-small", dataset="small"))


def test_the_command_line_measures(sem_home: Path, small_dataset: Dataset) -> None:
    options = [part for change in TINY for part in ("--set", change)]
    asked = ["train", "--recipe", "srresnet-x2-small", "--dataset", "small", *options]
    assert here(*asked, "--probe")["steps"] == 40
    found = here(*asked, "--find-rate")
    assert found["setting"] == "optimiser.lr"
    assert len(found["rates"]) == len(found["losses"])
    assert list_runs() == []


def test_a_branch_takes_over_the_recipe_of_its_run(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe) -> None:
    first = create_training(tiny_recipe, "small")
    second = schedule_training(TrainRequest(branch=first, dataset="small", changes=("train.steps=7",)))
    assert stored_recipe(second) == override(stored_recipe(first), ["train.steps=7"])
    assert get_run(second).tags[Tag.BRANCHED_FROM] == first
    assert Tag.BRANCHED_FROM not in get_run(first).tags


@pytest.mark.parametrize("named", [{}, {"recipe": "srresnet-x2-small", "branch": "0123"}])
def test_a_training_has_one_recipe(named: dict[str, str]) -> None:
    with pytest.raises(UserError, match="either a recipe or a run to branch from"):
        TrainRequest(dataset="small", **named)


def test_there_must_be_a_run_to_branch_from(sem_home: Path, small_dataset: Dataset) -> None:
    with pytest.raises(UserError, match="There is no run"):
        schedule_training(TrainRequest(branch="0" * 32, dataset="small"))
