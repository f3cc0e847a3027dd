"""A version of a registered model stays what it was, whatever is registered after it."""

from pathlib import Path

import pytest
import torch

from pipelines.model_ref import RegistryRef
from pipelines.models import resolve_model
from pipelines.people.person import local_person
from pipelines.tracking.registry import local_folder, register_model, save_served
from pipelines.tracking.runs import create_run
from pipelines.tracking.store import artifacts_of, client, stored_address
from sem_models.config.recipe import Recipe
from sem_models.inference.model import RestorationModel
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network


def made(place: Path, recipe: Recipe, weight: float) -> Path:
    """The folder of a model all of whose weights are equal."""
    place.mkdir()
    state = build_network(recipe.network).state_dict()
    save_model(place, recipe, {name: torch.full_like(values, weight) for name, values in state.items()})
    return place


def weight_of(version: str) -> float:
    """The weight of a version as it is applied."""
    model = resolve_model(RegistryRef("steel", version=version)).model
    assert isinstance(model, RestorationModel)
    return float(next(iter(model.network.state_dict().values())).flatten()[0])


@pytest.fixture
def run_id(sem_home: Path) -> str:
    return create_run("sem", "a run", "training", {}, {})


def test_a_run_that_is_registered_again_leaves_the_earlier_version_as_it_was(
    run_id: str, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """After more training, or in the other direction, a run is registered under the same name."""
    for weight in (0.25, 0.5):
        folder = made(tmp_path / str(weight), tiny_recipe, weight)
        register_model(run_id, folder, "steel", "champion", {}, local_person())
    assert (weight_of("1"), weight_of("2")) == (0.25, 0.5)


def test_a_version_of_an_earlier_program_keeps_loading(run_id: str, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """It lies in the folder that all registrations of a run under one name once shared."""
    save_served(made(tmp_path / "old", tiny_recipe, 0.25), tmp_path / "served", run_id)
    artifacts_of(run_id).log_artifacts(str(tmp_path / "served"), "models/steel")
    client().create_registered_model("steel")
    client().create_model_version("steel", f"{stored_address(run_id)}/models/steel", run_id)
    register_model(run_id, made(tmp_path / "new", tiny_recipe, 0.5), "steel", None, {}, local_person())
    assert (weight_of("1"), weight_of("2")) == (0.25, 0.5)
    old, new = (local_folder(RegistryRef("steel", version=version))[0].parent for version in ("1", "2"))
    assert not new.is_relative_to(old), "who copies one version does not copy the other"
