"""Whoever can write to a store cannot run programs through it: stored code and pickles are never executed."""

import base64
import contextlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import pyfunc
from mlflow.exceptions import MlflowException

from pipelines.model_ref import RegistryRef, RunRef
from pipelines.models import resolve_model
from pipelines.people.person import local_person
from pipelines.release.serve import mlflow_model
from pipelines.tracking.artifacts import put_files, put_text
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.registry import COLUMN, find_version, register_model
from pipelines.tracking.run_facts import flat_parameters
from pipelines.tracking.runs import create_run, set_status
from pipelines.tracking.store import artifacts_of, client
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.columns import columns_of
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.errors import UserError
from sem_models.images.io.write import encode_tiff
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model_folder import RECIPE, WEIGHTS
from sem_models.inference.storage import load_model, save_model
from sem_models.networks.table import build_network
from sem_models.training.checkpoint import STATE, load_state, sound_step
from tests.support.payloads import Payload
from tests.support.tiff import decode_tiff

EVIL = "from pathlib import Path\nPath({proof!r}).touch()\n"


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """A file that any of the programs below would make."""
    return tmp_path / "it-ran"


@pytest.fixture
def folder(tmp_path: Path, tiny_recipe: Recipe) -> Path:
    """A model folder."""
    place = tmp_path / "model-folder"
    place.mkdir()
    save_model(place, tiny_recipe, build_network(tiny_recipe.network).state_dict())
    return place


def stored_run(recipe: Recipe, folder: Path, at: str = Artifact.BEST) -> str:
    run_id = create_run("tests", "a run", "training", flat_parameters(recipe), {Tag.RECIPE: recipe.name})
    put_files(run_id, at, folder.iterdir())
    put_text(run_id, Artifact.RECIPE, recipe.model_dump_json())
    set_status(run_id, "FINISHED")
    return run_id


def refused(work: Callable[[], Any], proof: Path) -> str:
    """Return the one line that refuses; nothing has been executed."""
    with pytest.raises(UserError) as caught:
        work()
    assert not proof.exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("place", ["served_model.py", "code/sem_models/__init__.py", "code/sem_models/serving.py"])
def test_code_beside_a_registered_model_is_not_run(
    place: str, sem_home: Path, folder: Path, tiny_recipe: Recipe, proof: Path
) -> None:
    run_id = stored_run(tiny_recipe, folder)
    register_model(run_id, folder, "m", "champion", {}, local_person())
    stored = Path(find_version(RegistryRef("m", "champion")).source.removeprefix("file://"))
    assert (stored / place).is_file()
    (stored / place).write_text(EVIL.format(proof=str(proof)))
    image = Micrograph(np.full((40, 40, 1), 9, np.uint8), 5.0)
    asked = pd.DataFrame({COLUMN: [base64.b64encode(encode_tiff(image)).decode()]})
    with mlflow_model(RegistryRef("m", "champion")) as own:
        assert str(proof) not in (own / place).read_text()
        (answer,) = pyfunc.load_model(str(own)).predict(asked)[COLUMN]
    assert decode_tiff(base64.b64decode(answer)).pixels.shape == (80, 80, 1)
    assert not proof.exists()
    if place == "served_model.py":
        # The program is what it claims to be: MLflow alone runs it.
        with contextlib.suppress(MlflowException):
            pyfunc.load_model(str(stored))
        assert proof.exists()


def test_the_flavour_of_a_stored_model_is_not_asked(
    sem_home: Path, folder: Path, tiny_recipe: Recipe, proof: Path
) -> None:
    """`MLmodel` may name any module and any pickle."""
    register_model(stored_run(tiny_recipe, folder), folder, "m", "champion", {}, local_person())
    stored = Path(find_version(RegistryRef("m", "champion")).source.removeprefix("file://"))
    (stored / "python_model.pkl").write_bytes(pickle.dumps(Payload(proof)))
    text = (stored / "MLmodel").read_text().replace("served_model.py", "python_model.pkl")
    (stored / "MLmodel").write_text(text.replace("python_model_code_path", "python_model"))
    with mlflow_model(RegistryRef("m", "champion")) as own:
        pyfunc.load_model(str(own))
    assert resolve_model(RegistryRef("m", "champion")).run_id
    assert not proof.exists()


def test_a_pickled_mlflow_model_is_refused(sem_home: Path, tmp_path: Path, tiny_recipe: Recipe, proof: Path) -> None:
    """One that somebody registered with other tools."""
    run_id = create_run("tests", "a run", "training", {}, {})
    place = tmp_path / "pickled"
    place.mkdir()
    (place / "python_model.pkl").write_bytes(pickle.dumps(Payload(proof)))
    flavour = {"python_function": {"loader_module": "mlflow.pyfunc.model", "python_model": "python_model.pkl"}}
    (place / "MLmodel").write_text(json.dumps({"flavors": flavour}))
    artifacts_of(run_id).log_artifacts(str(place), "models/evil")
    client().create_registered_model("evil")
    client().create_model_version("evil", f"{artifacts_of(run_id).artifact_uri}/models/evil", run_id)

    def serve() -> None:
        with mlflow_model(RegistryRef("evil", version="1")):
            pytest.fail("it is served")

    for work in (serve, lambda: resolve_model(RegistryRef("evil", version="1"))):
        assert "models:/evil/1" in refused(work, proof)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_weights_that_are_a_pickle_are_refused(
    write: Callable[..., None], sem_home: Path, folder: Path, tiny_recipe: Recipe, proof: Path
) -> None:
    with (folder / WEIGHTS).open("wb") as file:
        write({"weight": Payload(proof)}, file)
    assert "not a readable model folder" in refused(lambda: load_model(folder), proof)
    run_id = stored_run(tiny_recipe, folder)
    refused(lambda: resolve_model(RunRef(run_id)), proof)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"[1, 2]", b"{}"])
def test_recipes_that_are_no_recipe_are_refused(content: bytes, folder: Path, proof: Path) -> None:
    (folder / RECIPE).write_bytes(content)
    assert "not a readable model folder" in refused(lambda: load_model(folder), proof)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_program_in_the_state_of_a_checkpoint_is_refused(folder: Path, proof: Path) -> None:
    torch.save({"progress": {"step": 3}, "hook": Payload(proof)}, folder / STATE)
    assert "no checkpoint to resume from" in refused(lambda: load_state(folder), proof)
    assert sound_step(folder) is None
    assert not proof.exists()
    torch.load(folder / STATE, weights_only=False)
    assert proof.exists(), "the usual way of reading runs it"


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_program_in_the_state_of_an_early_cycle_is_refused(sem_home: Path, tmp_path: Path, proof: Path) -> None:
    """Runs of version 0.1 kept the weights of their backward generator there only."""
    recipe = override(find_recipe("cyclegan-translate-small"), ["train.ema_decay=0"])
    place = tmp_path / "cycle"
    place.mkdir()
    save_model(place, recipe, build_network(recipe.network).state_dict())
    torch.save({"networks": {"backward": Payload(proof)}}, place / STATE)
    run_id = stored_run(recipe, place)
    assert run_id[:8] in refused(lambda: resolve_model(RunRef(run_id, "backward")), proof)


def test_arrays_that_are_pickles_are_refused(small_dataset: Dataset, proof: Path) -> None:
    path = small_dataset.folder / small_dataset.manifest.entries[0].arrays[0].file
    np.save(path, np.array([Payload(proof)], dtype=object), allow_pickle=True)
    assert path.name in refused(lambda: open_dataset(small_dataset.folder), proof)


def test_columns_that_are_pickles_are_refused(small_dataset: Dataset, proof: Path) -> None:
    entry = small_dataset.manifest.entries[0]
    path = small_dataset.folder / Path(entry.arrays[0].file).with_suffix(".columns.npz")
    np.savez(path, sites=np.array([Payload(proof)], dtype=object))
    assert path.name in refused(lambda: columns_of(small_dataset, entry), proof)


@pytest.mark.parametrize("content", [pickle.dumps({"name": "small"}), b"", b"\xff\xfe", b"[]"])
def test_manifests_that_are_no_manifest_are_refused(content: bytes, small_dataset: Dataset, proof: Path) -> None:
    (small_dataset.folder / "manifest.json").write_bytes(content)
    assert "manifest cannot be read" in refused(lambda: open_dataset(small_dataset.folder), proof)
