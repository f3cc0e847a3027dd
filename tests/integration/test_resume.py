"""2N steps equal N steps, kill -9 and N more steps, bit for bit on a CPU: weights, average, optimiser, metrics."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.training.checkpoint import BEST, LAST, load_state
from sem_models.training.trainer import train
from tests.support.recorder import Recorder, assert_equal

ROOT = Path(__file__).resolve().parents[2]


def test_stop_and_resume_is_exact(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    whole, parts = Recorder(), Recorder()
    result = train(tiny_recipe, small_dataset, tmp_path / "whole", whole)
    calls = iter(range(100))
    stopped = train(tiny_recipe, small_dataset, tmp_path / "parts", parts, should_stop=lambda: next(calls) >= 6)
    assert (stopped.step, stopped.reason) == (6, "stopped")
    resumed = train(tiny_recipe, small_dataset, tmp_path / "parts", parts, resume=True)
    assert result == resumed
    assert whole.values == parts.values
    assert {key for _, key in whole.values} >= {"val/psnr_db", "val/ssim", "train/charbonnier", "lr"}
    for kind in (LAST, BEST):
        count = assert_equal(load_state(tmp_path / "whole" / kind), load_state(tmp_path / "parts" / kind))
        assert count > 30


def test_kill_9_and_resume_is_exact(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """The process is killed between two checkpoints; the steps since the last one are repeated identically."""
    script = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from sem_models.datasets.dataset import open_dataset
        from sem_models.config.recipe import Recipe
        from sem_models.training.trainer import train
        from tests.support.recorder import Recorder

        class Deadly(Recorder):
            def metrics(self, step, values):
                if step == 8 and "lr" in values:
                    os.kill(os.getpid(), signal.SIGKILL)

        recipe = Recipe.model_validate_json(sys.argv[1])
        train(recipe, open_dataset(Path(sys.argv[2])), Path(sys.argv[3]), Deadly())
    """)
    arguments = [tiny_recipe.model_dump_json(), str(small_dataset.folder), str(tmp_path / "killed")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL
    assert load_state(tmp_path / "killed" / LAST)["progress"]["step"] == 6
    killed, whole = Recorder(), Recorder()
    train(tiny_recipe, small_dataset, tmp_path / "killed", killed, resume=True)
    train(tiny_recipe, small_dataset, tmp_path / "whole", whole)
    assert_equal(load_state(tmp_path / "whole" / LAST), load_state(tmp_path / "killed" / LAST))
    assert killed.values == {key: value for key, value in whole.values.items() if key[0] > 6}


@pytest.mark.faults
def test_full_disk_keeps_the_checkpoint_before(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """A limit on file sizes makes writes fail as on a full disk."""
    script = textwrap.dedent("""
        import resource, signal, sys
        from pathlib import Path
        from sem_models.datasets.dataset import open_dataset
        from sem_models.errors import UserError
        from sem_models.config.recipe import Recipe
        from sem_models.training.trainer import train
        from tests.support.recorder import Recorder

        class Filling(Recorder):
            def checkpoint(self, step, folder, kind):
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        recipe = Recipe.model_validate_json(sys.argv[1])
        try:
            train(recipe, open_dataset(Path(sys.argv[2])), Path(sys.argv[3]), Filling())
        except UserError as error:
            sys.exit(str(error))
    """)
    arguments = [tiny_recipe.model_dump_json(), str(small_dataset.folder), str(tmp_path / "full")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "could not be saved" in done.stderr
    assert "the disk is full" in done.stderr
    assert load_state(tmp_path / "full" / LAST)["progress"]["step"] == 3


def test_malicious_pickle_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'owned'}",)

    folder = tmp_path / LAST
    folder.mkdir()
    torch.save({"progress": Evil()}, folder / "state.pt")
    with pytest.raises(UserError, match="no checkpoint to resume"):
        load_state(folder)
    assert not (tmp_path / "owned").exists()


def test_divergence_is_reported_and_leaves_weights_alone(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    recipe = override(tiny_recipe, ["optimiser.lr=1e30", "train.steps=60", "schedule.warmup_steps=0"])
    with pytest.raises(UserError, match=r"diverged at step \d+.*optimiser.lr"):
        train(recipe, small_dataset, tmp_path / "run", Recorder())


def test_learns_more_than_bicubic(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    changes = ["train.steps=150", "train.batch=8", "train.validate_every=150", "schedule.warmup_steps=10"]
    recorder = Recorder()
    train(override(tiny_recipe, [*changes, "optimiser.lr=3e-3"]), small_dataset, tmp_path / "run", recorder)
    assert recorder.values[150, "val/psnr_db"] > recorder.values[150, "val/floor_psnr_db"] + 0.5
    panels = next(iter(recorder.samples.values()))
    assert set(panels) == {"input", "floor", "output", "target"}


def test_early_stop(small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path) -> None:
    recipe = override(tiny_recipe, ["optimiser.lr=1e-12", "train.early_stop=2", "train.steps=100", "train.ema_decay=0"])
    result = train(recipe, small_dataset, tmp_path / "run", Recorder())
    assert result.reason == "early_stop"
    assert result.step < 100
