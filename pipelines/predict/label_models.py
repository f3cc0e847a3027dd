"""Models of label maps in use cases: what they are, what they learned from, and what they must not have seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.model_ref import ModelRef
from pipelines.models import resolve_model
from pipelines.predict.pixel_sizes import learned_size
from pipelines.tracking.run_facts import manifest_of
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.synthetic import is_synthetic
from sem_models.errors import FieldRef, UserError
from sem_models.inference.model import UnitModel, recipe_of
from sem_models.tasks.base import Task
from sem_models.tasks.table import find_task


@dataclass(frozen=True)
class LabelModel:
    """A trained model whose input or output is a mask."""

    model: UnitModel
    recipe: Recipe
    run_id: str
    manifest: Manifest
    """Manifest of the dataset that it was trained on."""

    @property
    def pixel_size_nm(self) -> float | None:
        """Pixel size of the images that it learned from, where they all have the same."""
        return learned_size(self.manifest, "image")


def label_model(ref: ModelRef, task: Task) -> LabelModel:
    """Load a model, which must have been trained for `task` on masks.

    Raises:
        UserError: There is no such model, or it is of another kind.
    """
    resolved = resolve_model(ref)
    recipe = recipe_of(resolved.model)
    if recipe is None or find_task(recipe) is not task or not task.uses_masks(recipe) or resolved.run_id is None:
        raise UserError(
            f"{ref} is not a {task.name} model trained on masks; name the run of a recipe of task {task.name}."
        )
    return LabelModel(resolved.model, recipe, resolved.run_id, manifest_of(resolved.run_id))


def require_classes(model: LabelModel, labels: Sequence[int], of: str) -> None:
    """Raise `UserError` where the classes of the model are not these."""
    if model.recipe.labels != tuple(labels):
        raise UserError(
            f"{model.model.name} knows the labels {_listed(model.recipe.labels)}, but {of} has {_listed(labels)}; "
            "use models and masks of the same classes."
        )


def refuse_synthetic(model: LabelModel) -> None:
    """Raise `UserError` where the model learned from generated images."""
    if any(is_synthetic(entry) for entry in model.manifest.entries):
        raise UserError(
            f"{model.model.name} was trained on synthetic images ({model.manifest.name}); choose one that was "
            "trained on real images."
        )


def label_table(known: Sequence[int], drawn: Sequence[int], mapping: Mapping[int, int] | None) -> dict[int, int]:
    """Map labels of the segmenter to labels of the synthesiser.

    Raises:
        UserError: They differ and no mapping is given, or it omits a label or names one that does not exist.
    """
    if mapping is None:
        if tuple(known) != tuple(drawn):
            raise UserError(
                f"The segmenter finds the labels {list(known)}, the synthesiser draws {list(drawn)}: say which is "
                "which, for each label, for example ",
                FieldRef("mapping", f"{known[0]}={drawn[0]}"),
                ".",
            )
        return {label: label for label in known}
    missing, strange = set(known) - set(mapping), set(mapping.values()) - set(drawn) or set(mapping) - set(known)
    if missing or strange:
        what = f"label {min(missing)} is left out" if missing else f"there is no label {min(strange)}"
        raise UserError(FieldRef("mapping"), f": {what}; map each of {list(known)} to one of {list(drawn)}.")
    return dict(mapping)


def _listed(labels: Sequence[int]) -> str:
    return ", ".join(map(str, labels)) or "none"
