"""Use case: make a model that was trained elsewhere a registered model of this store."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.model_ref import RunRef
from pipelines.release.register import register
from pipelines.release.requests import ImportRequest, RegisterRequest, RestorationTask
from pipelines.tracking.artifacts import put_files, put_text
from pipelines.tracking.keys import Artifact, Experiment, Tag
from pipelines.tracking.registry import set_version_tags
from pipelines.tracking.run_facts import flat_parameters
from pipelines.tracking.runs import create_run, set_status
from sem_models.config.degradation import Degradation
from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.images.io.read import file_sha256
from sem_models.inference.foreign.read import read_foreign
from sem_models.inference.storage import save_model

if TYPE_CHECKING:
    from sem_models.inference.foreign.model import ForeignModel

_SCORED_LIKE: dict[RestorationTask, str] = {"denoising": "nafnet-denoise", "refocusing": "mrn-blind"}
"""The recipe whose simulated inputs an imported model is scored on, since those of its own training are not known."""


@dataclass(frozen=True)
class ImportedModel:
    """A run that holds the weights, and the registered version made from it."""

    run_id: str
    version: str
    summary: str
    architecture: str
    scale: int
    channels: int
    """Of the images that the network was made for."""
    difference: float
    """From the output that is known to be right, as a fraction of its span, at least 1."""
    licence: str


def import_model(request: ImportRequest) -> ImportedModel:
    """Check a model against the program that it comes from, store it as a run and register it.

    Raises:
        UserError: The file cannot be read without running code from it, its network is not known or is not for images,
            its output is not the one it should give, or the store does not accept the name.
    """
    model = read_foreign(request.file)
    recipe = _recipe(request, model)
    run_id = _store(request.file, model, recipe)
    version = register(RegisterRequest(run=RunRef(run_id), name=request.name, alias=request.alias))
    licence = request.licence.strip() or model.licence
    if licence:
        set_version_tags(request.name, version, {Tag.LICENCE: licence})
    return ImportedModel(
        run_id=run_id,
        version=version,
        summary=recipe.summary,
        architecture=model.architecture,
        scale=capabilities(model.network).scale,
        channels=model.channels,
        difference=model.difference,
        licence=licence,
    )


def _recipe(request: ImportRequest, model: "ForeignModel") -> Recipe:
    scale = capabilities(model.network).scale
    task: RestorationTask = request.task or ("super-resolution" if scale > 1 else "denoising")
    like = _SCORED_LIKE.get(task)
    return Recipe(
        name=request.name,
        summary=f"{model.architecture} from {request.file.name}, trained elsewhere. {model.note}",
        task=task,
        network=model.network,
        degradation=find_recipe(like).degradation if like else Degradation(scale=scale),
        limits=model.limits,
    )


def _store(file: Path, model: "ForeignModel", recipe: Recipe) -> str:
    tags = {
        Tag.TASK: recipe.task,
        Tag.RECIPE: recipe.name,
        Tag.IMPORTED_FROM: file.name,
        Tag.IMPORTED_SHA256: file_sha256(file),
        Tag.ARCHITECTURE: model.architecture,
        Tag.PARITY: f"{model.difference:.1e}",
    }
    run_id = create_run(
        Experiment.IMPORTED, f"{recipe.name} from {file.name}", "training", flat_parameters(recipe), tags
    )
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), recipe, model.weights)
        put_files(run_id, Artifact.BEST, Path(folder).iterdir())
    put_text(run_id, Artifact.RECIPE, recipe.model_dump_json(indent=1) + "\n")
    set_status(run_id, "FINISHED")
    return run_id
