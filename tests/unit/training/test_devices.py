"""Two processes learn what one learns with the doubled batch; one of them alone writes, and a run may change number."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.training import preflight as preflight_module
from sem_models.training.checkpoint import LAST, load_state
from sem_models.training.preflight import preflight
from sem_models.training.trainer import train
from tests.support.recorder import Recorder

ROOT = Path(__file__).resolve().parents[3]
RUN_TWICE = """
import json, sys
from pathlib import Path
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.training.trainer import train
from tests.support.recorder import Recorder

recipe, dataset, folder = Recipe.model_validate_json(sys.argv[1]), open_dataset(Path(sys.argv[2])), Path(sys.argv[3])
steps = iter(range(99))
for resume in (False, True):
    recorder = Recorder()
    result = train(recipe, dataset, folder, recorder, resume, lambda: next(steps) >= 1 and not resume, devices=2)
    told = {f"{step} {name}": value for (step, name), value in recorder.values.items()}
    print(json.dumps({"step": result.step, "told": told, "saved": len(recorder.checkpoints)}), flush=True)
"""
"""Both processes ask at steps 0 and 10 whether to stop; the answer of the first counts."""


@pytest.fixture
def steady(tiny_recipe: Recipe) -> Recipe:
    """A recipe without noise, of which each process has its own."""
    changes = ["degradation.read_noise=0", "train.validate_every=12", "train.checkpoint_every=6"]
    return override(tiny_recipe, changes)


def together(recipe: Recipe, dataset: Dataset, folder: Path) -> list[list[dict]]:
    """Train in two processes until step 10, and then to the end; returns what each of them told, both times.

    They run as inside a job of SLURM with one task, which must not be taken for one that has started them.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    slurm = {"SLURM_NTASKS": "1", "SLURM_JOB_NAME": "sem-train", "SLURM_JOB_ID": "17", "SLURM_PROCID": "0"}
    call = [sys.executable, "-c", RUN_TWICE, recipe.model_dump_json(), str(dataset.folder), str(folder)]
    processes = [
        subprocess.Popen(
            call,
            cwd=ROOT,
            env={
                **os.environ,
                **common,
                **slurm,
                "PYTHONPATH": str(ROOT),
                "OMP_NUM_THREADS": "1",
                "LOCAL_RANK": rank,
                "RANK": rank,
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    return [[json.loads(line) for line in process.communicate(timeout=300)[0].splitlines()] for process in processes]


def test_two_processes_are_one_with_the_doubled_batch(steady: Recipe, small_dataset: Dataset, tmp_path: Path) -> None:
    (first, second), (silent, still) = together(steady, small_dataset, tmp_path / "both")
    assert [first["step"], second["step"], silent["step"], still["step"]] == [10, 12, 10, 12]
    assert not silent["told"] and not still["told"] and not silent["saved"] and second["saved"]
    alone = Recorder()
    train(override(steady, ["train.batch=4"]), small_dataset, tmp_path / "alone", alone)
    wanted = {f"{step} {name}": value for (step, name), value in alone.values.items()}
    told = first["told"] | second["told"]
    assert told.keys() == wanted.keys()
    for name in ("10 train/charbonnier", "12 grad_norm/restorer", "12 val/psnr_db"):
        assert told[name] == pytest.approx(wanted[name], rel=1e-4), name
    assert all(told[name] == pytest.approx(value, rel=1e-3) for name, value in wanted.items())
    assert wanted["12 train/charbonnier"] != pytest.approx(wanted["11 train/charbonnier"], rel=1e-2)
    ended = load_state(tmp_path / "both" / LAST)
    assert ended["processes"]["noise"].shape[0] == 2
    assert not torch.equal(*ended["processes"]["noise"]), "each process has its own noise"
    # With one device it goes on as well.
    longer = override(steady, ["train.steps=13"])
    assert train(longer, small_dataset, tmp_path / "both", Recorder(), resume=True).step == 13


def test_preflight_says_why_a_device_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)

    def fails(device: torch.device) -> None:
        raise TypeError(f"{device} has no 64-bit floats.")

    monkeypatch.setattr(preflight_module, "_small_step", fails)
    found = preflight()
    assert found.device == "cpu"
    assert str(found) == (
        "Training on cpu. cuda is not used: no driver and device were found. mps is not used: mps has no 64-bit floats."
    )
    monkeypatch.setattr(preflight_module, "_small_step", lambda _: None)
    assert preflight().device == "mps"
