"""A checkpoint that a disk has damaged is not trusted: the newest sound one is taken, wherever it lies."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipelines.tracking.artifacts import put_files
from pipelines.tracking.keys import Artifact
from pipelines.tracking.runs import get_run
from pipelines.train.create import create_training
from pipelines.train.resume import recover_checkpoint
from pipelines.train.run import run_training
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.storage import load_weights
from sem_models.networks.table import build_network
from sem_models.training.checkpoint import LAST, load_state, recover, save_checkpoint
from tests.support.empty_store import add_empty_store
from tests.support.recorder import assert_equal

PREVIOUS = f".{LAST}.previous"
FILES = ["state.pt", "model.safetensors", "recipe.json"]


@pytest.fixture
def save(tiny_recipe: Recipe) -> Callable[[Path, int], None]:
    network = build_network(tiny_recipe.network)

    def save_step(folder: Path, step: int) -> None:
        weights = {name: torch.full_like(value, step) for name, value in network.state_dict().items()}
        save_checkpoint(folder, tiny_recipe, weights, {"progress": {"step": step}, "bulk": torch.arange(5000.0)})

    return save_step


def flip_a_bit(path: Path) -> None:
    """In the middle of the file, where the tensors are."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize("damage", [flip_a_bit, truncate, Path.unlink])
@pytest.mark.parametrize("name", FILES)
def test_damage_is_found_and_the_one_before_is_taken(
    save: Callable, tmp_path: Path, damage: Callable, name: str
) -> None:
    for step in (3, 6):
        save(tmp_path / LAST, step)
    damage(tmp_path / LAST / name)
    with pytest.raises(UserError, match=f"no checkpoint to resume from.*{name}: damaged"):
        load_state(tmp_path / LAST)
    found = recover(tmp_path / LAST)
    assert (found.step, found.folder, found.damaged) == (3, tmp_path / PREVIOUS, (tmp_path / LAST,))
    assert load_state(tmp_path / LAST)["progress"]["step"] == 3


def test_damaged_weights_are_not_applied(save: Callable, tmp_path: Path) -> None:
    save(tmp_path / LAST, 3)
    flip_a_bit(tmp_path / LAST / "model.safetensors")
    with pytest.raises(UserError, match="has changed since it was written"):
        load_weights(tmp_path / LAST)


def test_checkpoints_of_earlier_versions_have_no_checksums(save: Callable, tmp_path: Path) -> None:
    save(tmp_path / LAST, 6)
    (tmp_path / LAST / "checkpoint.json").unlink()
    assert recover(tmp_path / LAST).step == 6
    assert load_state(tmp_path / LAST)["progress"]["step"] == 6
    truncate(tmp_path / LAST / "state.pt")
    assert recover(tmp_path / LAST).folder is None


def test_the_newest_of_several_is_taken(save: Callable, tmp_path: Path) -> None:
    for place, step in (("copy", 9), (LAST, 3), (LAST, 6)):
        save(tmp_path / place, step)
    assert recover(tmp_path / LAST, tmp_path / "copy").step == 9
    assert load_state(tmp_path / LAST)["progress"]["step"] == 9


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: making its tables takes seconds."""
    return add_empty_store(tmp_path_factory.mktemp("home"))


@pytest.fixture
def run(store: Path, small_dataset: Dataset, tiny_recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """A training that nobody has begun, and its working folder."""
    monkeypatch.setenv("SEM_HOME", str(store))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if not (store / "datasets").exists():
        shutil.copytree(small_dataset.folder, store / "datasets" / "small")
    run_id = create_training(tiny_recipe, "small")
    return run_id, store / "mlruns" / "work" / run_id


def test_the_stored_copy_is_taken_and_said(run: tuple[str, Path], save: Callable) -> None:
    run_id, work = run
    save(work / LAST, 6)
    put_files(run_id, Artifact.checkpoint("last"), (work / LAST).iterdir())
    flip_a_bit(work / LAST / "state.pt")
    assert recover_checkpoint(run_id, work) == 6
    assert load_state(work / LAST)["progress"]["step"] == 6
    warning = get_run(run_id).tags["sem.warning.resume"]
    assert warning.startswith("Step 6: The checkpoint in checkpoint-last was damaged")
    assert "the copy in the store" in warning


def test_the_one_before_is_taken_where_the_store_is_older(run: tuple[str, Path], save: Callable) -> None:
    run_id, work = run
    save(work / LAST, 3)
    put_files(run_id, Artifact.checkpoint("last"), (work / LAST).iterdir())
    for step in (6, 9):
        save(work / LAST, step)
    truncate(work / LAST / "state.pt")
    assert recover_checkpoint(run_id, work) == 6
    assert "the newest sound one in the working folder, of step 6" in get_run(run_id).tags["sem.warning.resume"]


def test_another_machine_went_further(run: tuple[str, Path], save: Callable) -> None:
    """Its checkpoint is in the store; what still lies here is sound and older."""
    run_id, work = run
    save(work / LAST, 9)
    put_files(run_id, Artifact.checkpoint("last"), (work / LAST).iterdir())
    shutil.rmtree(work)
    save(work / LAST, 3)
    assert recover_checkpoint(run_id, work) == 9
    assert "sem.warning.resume" not in get_run(run_id).tags


def test_nothing_is_begun_anew_where_all_are_damaged(run: tuple[str, Path], save: Callable) -> None:
    run_id, work = run
    save(work / LAST, 6)
    flip_a_bit(work / LAST / "state.pt")
    put_files(run_id, Artifact.checkpoint("last"), (work / LAST).iterdir())
    with pytest.raises(UserError, match=r"every copy of its last checkpoint is damaged"):
        recover_checkpoint(run_id, work)


def test_killed_before_the_first_checkpoint(run: tuple[str, Path], tiny_recipe: Recipe) -> None:
    """It starts again at step 0 and gives what it would have given without the kill."""
    run_id, work = run
    run_training(run_id, resume=True)
    assert "started again at step 0, with the same seed" in get_run(run_id).tags["sem.warning.resume"]
    whole = create_training(tiny_recipe, "small")
    run_training(whole)
    assert_equal(load_state(work / LAST), load_state(work.parent / whole / LAST))
