"""Trained diffusion models."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipelines.__main__ import app
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from tests.support.empty_store import add_empty_store
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings
from tests.support.small_recipes import narrow
from tests.support.trained_runs import train_run

GREY = np.array([40, 120, 220], np.uint8)
FEW = ["train.steps=2", "train.patch=16", "train.precision=32-true", "diffusion.sampling.steps=4"]


def run(*arguments: str, status: int = 0) -> dict:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == status, result.output
    return json.loads(result.stdout.strip().splitlines()[-1]) if status == 0 else {"said": result.stderr}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run ids of models without and with label maps, trained on the same images, and their home."""
    home = add_empty_store(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SEM_HOME", str(home))
        patched.delenv("MLFLOW_TRACKING_URI", raising=False)
        classes = [rings(seed) for seed in range(4)]
        options = masked_files(home, list("abcd"), [RAW_OF_CLASS[mask] for mask in classes])
        for name, mask in zip("abcd", classes, strict=True):
            Image.fromarray(GREY[mask]).save(home / "raw" / f"{name}.png")
        write_dataset(plan_dataset(options), home / "datasets" / "rings")
        runs = {
            name: train_run(override(narrow(find_recipe(name)), FEW), "rings")
            for name in ("ddpm-small", "ddpm-masks-small")
        }
    return {**runs, "home": str(home), "masks": str(options.masks)}


@pytest.fixture(autouse=True)
def _at_home(models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEM_HOME", models["home"])
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
