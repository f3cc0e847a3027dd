"""A small store that holds some of everything."""

import shutil
from pathlib import Path

import pytest
import torch

from pipelines.people.person import local_person
from pipelines.tracking.artifacts import put_files, put_text
from pipelines.tracking.datasets import log_dataset
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.registry import register_model
from pipelines.tracking.run_facts import flat_parameters
from pipelines.tracking.runs import create_run, set_status
from pipelines.tracking.store import client
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import open_dataset
from sem_models.networks.table import build_network
from sem_models.training.checkpoint import save_checkpoint
from tests.support.empty_store import add_empty_store

STATE = {"progress": {"step": 3}, "optimiser": {0: {"betas": (0.9, 0.99), "avg": torch.arange(5.0)}}}


def write_whole_store(place: Path, dataset: Path) -> str:
    """Write a finished run with its curve, files, checkpoint and registered model, a dataset, and a working folder."""
    add_empty_store(place)
    shutil.copytree(dataset, place / "datasets" / "small")
    recipe = override(find_recipe("srresnet-x4-small"), ["network.blocks=1", "network.width=8"])
    checkpoint = place.parent / "checkpoint"
    save_checkpoint(checkpoint, recipe, build_network(recipe.network).state_dict(), STATE)
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SEM_HOME", str(place))
        changed.delenv("MLFLOW_TRACKING_URI", raising=False)
        log_dataset(open_dataset(place / "datasets" / "small"))
        run_id = create_run("with spaces", "µ run", "training", flat_parameters(recipe), {Tag.RECIPE: recipe.name})
        put_files(run_id, Artifact.BEST, checkpoint.iterdir())
        put_text(run_id, Artifact.RECIPE, recipe.model_dump_json())
        put_text(run_id, "notes/ä.txt", "first")
        for step in range(3):
            client().log_metric(run_id, "val/psnr_db", 20.1 + step, step=step)
        client().log_metric(run_id, "val/undefined", float("nan"), step=2)
        register_model(run_id, checkpoint, "m", None, {}, local_person())
        source = client().get_model_version("m", "1").source
        client().create_model_version("m", source, run_id, tags={"note": "n"})
        client().set_registered_model_alias("m", "champion", "2")
        client().delete_model_version("m", "1")
        set_status(run_id, "FINISHED")
    (place / "mlruns" / "work" / "r").mkdir(parents=True)
    (place / "mlruns" / "work" / "r" / "outbox-metrics.jsonl").write_text("{}\n")
    return run_id
