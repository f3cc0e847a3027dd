"""Registered models: versions with aliases, made without pickle from code, safetensors and JSON."""

import contextlib
import importlib.metadata
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient, MlflowException, pyfunc
from mlflow.entities.model_registry import ModelVersion
from mlflow.models import ModelSignature
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType

import sem_models
from pipelines.model_ref import RegistryRef
from pipelines.people.permissions import Action, Ownership, require
from pipelines.people.person import Person
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.promotions import move_alias
from pipelines.tracking.store import artifacts_at, artifacts_of, client, stored_address
from pipelines.tracking.versions import RegisteredVersion, list_versions
from sem_models.config.networks.table import capabilities, packages
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.model_folder import RECIPE, WEIGHTS, read_recipe
from sem_models.suggestions import did_you_mean
from sem_models.tasks.table import find_task

_PACKAGE = Path(sem_models.__file__).parent
_SERVED = Path(__file__).with_name("served_model.py")
_NEEDED = (
    *("mlflow", "torch", "numpy", "scipy", "pandas", "pillow", "tifffile", "imagecodecs", "mrcfile"),
    *("safetensors", "pydantic", "psutil"),
)
COLUMN = "image"
"""Name of the column of input and output: an image file as base64 text, or nested lists of grey levels."""


def register_model(run_id: str, folder: Path, name: str, alias: str | None, tags: Mapping[str, str], by: Person) -> str:
    """Store the model folder as an MLflow model of the run and register it; return the version number.

    Raises:
        UserError: MLflow does not accept the name or the alias, or somebody else has taken the name.
    """
    store = client()
    try:
        # Before the files, so that a registration that is refused leaves none.
        _claim(store, name, tags.get(Tag.OWNER, by.id), by)
        version = store.create_model_version(name, _stored(run_id, folder, name), run_id, tags=dict(tags))
        if alias:
            move_alias(name, alias, str(version.version), tags, by)
    except MlflowException as error:
        raise UserError(f"The model could not be registered as {name!r}: {error.message}") from error
    return str(version.version)


def _stored(run_id: str, folder: Path, name: str) -> str:
    """Store the MLflow model in a folder that no other version has, and return its address.

    A run may be registered under one name several times: after more training, or in both directions.
    """
    path = Artifact.registered_version(name, uuid.uuid4().hex[:8])
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "model"
        save_served(folder, target, run_id)
        artifacts_of(run_id).log_artifacts(str(target), path)
    return f"{stored_address(run_id)}/{path}"


def _claim(store: MlflowClient, name: str, owner: str, by: Person) -> None:
    """Make a new name its owner's in one step: of two people who take it at the same time, one is refused."""
    try:
        store.create_registered_model(name, tags={Tag.OWNER: owner})
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
        require_own_name(name, by)


def require_own_name(name: str, by: Person) -> None:
    """Raise `UserError` where the name of a registered model belongs to somebody else, and so do its aliases.

    It is theirs who registered it first, also where an admin has registered runs of others under it. Names of earlier
    versions of the program do not say whose they are; their oldest version does.
    """
    if by.is_local:
        return
    try:
        owner = client().get_registered_model(name).tags.get(Tag.OWNER)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return
    if owner is None:
        versions = [version for version in list_versions() if version.name == name]
        owner = versions[-1].ownership.owner if versions else ""
    require(by, Action.CHANGE, Ownership(owner, shared=True), f"The registered model {name}")


def save_served(folder: Path, target: Path, run_id: str) -> None:
    """Write an MLflow model to `target` that serves the weights of a run in `folder`: models from code, no pickle."""
    column = Schema([ColSpec(AnyType(), COLUMN)])
    signature = ModelSignature(column, column, _parameters(read_recipe(folder)))
    with tempfile.TemporaryDirectory() as place:
        code = Path(place) / "sem_models"
        # The weights of the starter models are of no use to another model.
        shutil.copytree(_PACKAGE, code, ignore=shutil.ignore_patterns("__pycache__", WEIGHTS))
        # The signature is stated, so MLflow needs no example to infer it from.
        warnings.filterwarnings("ignore", message=".*input example was not provided.*")
        pyfunc.save_model(
            str(target),
            python_model=str(_SERVED),
            artifacts={"weights": str(folder / WEIGHTS), "recipe": str(folder / RECIPE)},
            code_paths=[str(code)],
            signature=signature,
            model_config={"run_id": run_id},
            pip_requirements=_requirements(read_recipe(folder)),
        )


def _parameters(recipe: Recipe) -> ParamSchema:
    """Return what a request may set beside its images, with defaults, as `sem_models.serving.Options` describes it."""
    found = [
        ParamSpec("tile_px", "long", 0),
        ParamSpec("databar", "string", "keep"),
        ParamSpec("format", "string", "tiff"),
        ParamSpec("dtype", "string", ""),
    ]
    facts = capabilities(recipe.network)
    if find_task(recipe).may_be_repeated(recipe) and not recipe.diffusion and facts.tiling != "statistics":
        found += [ParamSpec("self_ensemble", "boolean", False), ParamSpec("standard_deviation", "boolean", False)]
    if strength := facts.strength:
        found.append(ParamSpec("strength_px", "double", strength.default_px))
    return ParamSchema(found)


def _requirements(recipe: Recipe) -> list[str]:
    """List what a served model needs, in the versions that are installed here."""
    needed = (*_NEEDED, *packages(recipe.network))
    # A local part, as in 2.13.0+cpu, names a build that a package index need not have.
    return [f"{name}=={importlib.metadata.version(name).split('+')[0]}" for name in needed]


def local_folder(ref: RegistryRef) -> tuple[Path, str | None]:
    """Provide a local folder with weights and recipe of a registered model, and its source run.

    Only safetensors and JSON are read from it; the code stored beside them is not executed.

    Raises:
        UserError: There is no such model, or another program registered it.
    """
    version = find_version(ref)
    try:
        folder = Path(artifacts_at(str(version.source)).download_artifacts("artifacts"))
    except (MlflowException, OSError) as error:
        raise UserError(
            f"{ref} has no files that the workbench could read: it was deleted, or registered by another program, "
            "whose code is not executed. Register a run, or import the weights."
        ) from error
    return folder, version.run_id or None


def find_version(ref: RegistryRef) -> ModelVersion:
    """Find the version of a registered model; raise `UserError` where there is none."""
    try:
        if ref.alias:
            return client().get_model_version_by_alias(ref.name, ref.alias)
        return client().get_model_version(ref.name, str(ref.version))
    except MlflowException as error:
        raise UserError(f"{ref}: there is no such registered model, version or alias. {_similar(ref)}") from error


def _similar(ref: RegistryRef) -> str:
    """Suggest names like that of the model; where the model exists, name its versions and aliases."""
    known: list[RegisteredVersion] = []
    # A server that is away has no suggestions either.
    with contextlib.suppress(MlflowException):
        known = list_versions()
    own = [version for version in known if version.name == ref.name]
    if not own:
        return did_you_mean(ref.name, (version.name for version in known))
    aliases = (str(RegistryRef(ref.name, alias=alias)) for version in own for alias in version.aliases)
    return did_you_mean(str(ref), [*aliases, *(str(RegistryRef(ref.name, version=version.version)) for version in own)])


def set_version_tags(name: str, version: str, tags: Mapping[str, str]) -> None:
    """Write tags of a version of a registered model."""
    for key, value in tags.items():
        client().set_model_version_tag(name, version, key, value)


def alias_target(name: str, alias: str) -> str | None:
    """Return the version that an alias of a registered model points to; None where it points to none."""
    try:
        return str(client().get_model_version_by_alias(name, alias).version)
    except MlflowException:
        return None
