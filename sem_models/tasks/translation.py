"""Translation: a micrograph of one contrast becomes one of another, learned from pairs or from two unpaired sets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sem_models.config.methods import method_facts
from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Kind
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.targets_alone import targets_alone
from sem_models.errors import FieldRef, UserError
from sem_models.images.provenance import Origin
from sem_models.tasks.base import Task
from sem_models.tasks.material import Material
from sem_models.tasks.words import Words

if TYPE_CHECKING:
    from sem_models.config.degradation import Degradation
    from sem_models.datasets.dataset import Dataset
    from sem_models.inference.model import UnitModel


class Translation(Task):
    """From one contrast to another; its baselines know nothing of how the one follows from the other."""

    def usual_kinds(self, recipe: Recipe) -> tuple[Kind, ...]:
        """Return pairs; two domains without pairs if the method learns from them; all three for grey curves."""
        if recipe.degradation.grey_curve:
            return ("single", "unpaired", "paired")
        return ("unpaired",) if method_facts(recipe.method).learns_without_pairs else ("paired",)

    def learned_from(self, recipe: Recipe, manifest: Manifest) -> Manifest:
        """Return the images of the target contrast alone if random grey curves stand in for all other contrasts."""
        return targets_alone(manifest) if recipe.degradation.grey_curve else manifest

    def ignores_degradation(self, recipe: Recipe, kind: Kind) -> str:
        """Return why the forward model is ignored; grey curves make the inputs on datasets of any kind."""
        return "" if recipe.degradation.grey_curve else super().ignores_degradation(recipe, kind)

    def check_dataset(self, recipe: Recipe, manifest: Manifest) -> None:
        """Raise a `UserError` for single images without grey curves, from which only the identity could be learned."""
        if not (manifest.layout.brings_inputs or recipe.degradation.grey_curve):
            raise UserError(
                f"Recipe {recipe.name!r} translates one kind of image into another, but dataset {manifest.name!r} is "
                f"{manifest.kind}; prepare pairs with ",
                FieldRef("kind", "paired"),
                ", or choose a recipe that learns from images of the target contrast alone.",
            )

    def unsuitable(self, recipe: Recipe, material: Material) -> str:
        """Return that two frames of one field have one contrast."""
        return "Both frames of a field show the same contrast." if material.are_frames else ""

    def baselines(self, model: "UnitModel", dataset: "Dataset", degradation: "Degradation") -> "Sequence[UnitModel]":
        """Return the input itself, and the mean grey of the training split's targets."""
        from sem_models.evaluation.baselines.table import Identity
        from sem_models.evaluation.baselines.translation import constant_baseline

        return [Identity(model.capabilities.scale), constant_baseline(dataset)]


TRANSLATION = Translation(
    "translation",
    "Make another contrast",
    Words(
        "Translate",
        ":material/translate:",
        "No detector recorded this contrast: what the input does not show comes from the training images.",
    ),
    keeps_contrast=False,
    origin=Origin.TRANSLATED,
    invents_detail=True,
    own_baselines=("baseline:constant",),
)
