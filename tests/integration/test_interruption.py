"""Whatever interrupts the writing of a checkpoint, a complete one is left, and the message says what happened."""

import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.storage import load_model
from sem_models.networks.table import build_network
from sem_models.training.checkpoint import LAST, CheckpointNotSaved, has_checkpoint, load_state, save_checkpoint
from sem_models.training.trainer import train
from tests.support.recorder import Recorder

ROOT = Path(__file__).resolve().parents[2]


def saver(recipe: Recipe, folder: Path) -> Callable[..., None]:
    """Writes checkpoints whose weights and state all contain `version`, with a state of `size` numbers."""
    network = build_network(recipe.network)

    def save_version(version: int, size: int = 1000) -> None:
        weights = {name: torch.full_like(value, version) for name, value in network.state_dict().items()}
        state = {"version": version, "bulk": torch.full((size,), float(version))}
        save_checkpoint(folder / LAST, recipe, weights, state)

    return save_version


@pytest.fixture
def save(tiny_recipe: Recipe, tmp_path: Path) -> Callable[..., None]:
    return saver(tiny_recipe, tmp_path)


def stored_version(folder: Path) -> int:
    """The version of a checkpoint, after checking that all of its files agree."""
    state = load_state(folder)
    version: int = state["version"]
    assert (state["bulk"] == version).all()
    assert all((weight == version).all() for weight in load_model(folder).network.state_dict().values())
    return version


def kill_again_and_again(recipe: Recipe, folder: Path, kills: int) -> None:
    """A child process writes one version after the other until it is killed; the stored version never decreases."""
    save, moments, version = saver(recipe, folder), torch.Generator().manual_seed(0), 0
    save(0)
    for _ in range(kills):
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            while True:
                version += 1
                save(version, 20_000)
                os.write(tells, b".")
        os.read(told, 1)
        time.sleep(0.03 * float(torch.rand((), generator=moments)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = stored_version(folder / LAST)
        assert found > version
        version = found


@pytest.mark.faults
def test_kill_9_at_any_moment_leaves_a_whole_checkpoint(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Runs in a new process, because a fork of this one would inherit the locks of its threads."""
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from sem_models.config.recipe import Recipe
        from tests.integration.test_interruption import kill_again_and_again
        kill_again_and_again(Recipe.model_validate_json(sys.argv[1]), Path(sys.argv[2]), kills=25)
    """)
    arguments = [tiny_recipe.model_dump_json(), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", script, *arguments], cwd=ROOT, env=environment, check=True)


class _Died(BaseException):
    """Simulates the death of a process; nothing catches it."""


@pytest.mark.parametrize("rename", [1, 2])
def test_death_between_the_renames_again_and_again(
    save: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rename: int
) -> None:
    assert not has_checkpoint(tmp_path / LAST)
    save(1)
    true_rename = Path.rename
    for version in (2, 3, 4):
        calls = iter(range(1, 99))

        def dying(self: Path, target: Path, calls=calls) -> Path:
            # Mending what the death before left behind is not one of the two renames of a save.
            if not self.name.endswith(".previous") and next(calls) == rename:
                raise _Died
            return true_rename(self, target)

        monkeypatch.setattr(Path, "rename", dying)
        with pytest.raises(_Died):
            save(version)
        assert has_checkpoint(tmp_path / LAST), "also where it lies under another name until it is mended"
    monkeypatch.setattr(Path, "rename", true_rename)
    assert stored_version(tmp_path / LAST) == 1
    save(5)
    assert stored_version(tmp_path / LAST) == 5
    assert sorted(path.name for path in tmp_path.glob("*checkpoint*")) == [f".{LAST}.previous", LAST]
    assert stored_version(tmp_path / f".{LAST}.previous") == 1


def test_a_rename_that_fails_is_undone(save: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(1)
    true_rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return true_rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(CheckpointNotSaved, match=r"Input/output error.*resume"):
        save(2)
    assert (tmp_path / LAST / "state.pt").exists()
    assert stored_version(tmp_path / LAST) == 1


def test_disk_that_fills_up_in_the_resume_state(save: Callable, tmp_path: Path) -> None:
    """The weights fit but the larger state does not, so torch's own writer fails."""
    save(1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
        with pytest.raises(CheckpointNotSaved, match=r"could not be saved in .*: the disk is full"):
            save(2, 500_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert stored_version(tmp_path / LAST) == 1
    assert not list(tmp_path.glob(".checkpoint*")), "a failed save must give its space back"


@pytest.mark.parametrize("name", ["state.pt", "model.safetensors"])
def test_truncated_files_are_named(save: Callable, tmp_path: Path, name: str) -> None:
    save(1)
    path = tmp_path / LAST / name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=LAST):
        stored_version(tmp_path / LAST)


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_save_the_present_step(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path, number: signal.Signals
) -> None:
    """Far from any periodic checkpoint; the run resumes from the exact step at which it was stopped."""
    script = textwrap.dedent("""
        import signal, sys, threading
        from pathlib import Path
        from sem_models.datasets.dataset import open_dataset
        from sem_models.config.recipe import Recipe
        from sem_models.training.trainer import train
        from tests.support.recorder import Recorder

        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())

        class Announcing(Recorder):
            def metrics(self, step, values):
                if step == 5:
                    print("five", flush=True)

        recipe = Recipe.model_validate_json(sys.argv[1])
        dataset = open_dataset(Path(sys.argv[2]))
        result = train(recipe, dataset, Path(sys.argv[3]), Announcing(), should_stop=stop.is_set)
        print(result.reason, result.step)
    """)
    recipe = override(tiny_recipe, [f"train.{key}=1000000" for key in ("steps", "checkpoint_every", "validate_every")])
    arguments = [recipe.model_dump_json(), str(small_dataset.folder), str(tmp_path / "run")]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "five\n"
    process.send_signal(number)
    reason, step = process.communicate(timeout=60)[0].split()
    assert process.returncode == 0
    assert reason == "stopped"
    assert load_state(tmp_path / "run" / LAST)["progress"]["step"] == int(step) >= 5
    calls = iter([False, True])
    resumed = train(recipe, small_dataset, tmp_path / "run", Recorder(), True, should_stop=lambda: next(calls))
    assert resumed.step == int(step) + 1
