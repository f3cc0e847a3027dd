"""What segmentation and synthesis have in common: masks whose classes are those of the dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Manifest
from sem_models.errors import FieldRef, SettingRef, UserError
from sem_models.images.provenance import ProcessingStep
from sem_models.progress import Progress, silent
from sem_models.tasks.base import Task

if TYPE_CHECKING:
    from torch import Tensor

    from sem_models.images.micrograph import Micrograph
    from sem_models.inference.predictor import Predictor


class LabelMapTask(Task):
    """A task whose network has a mask as its input or its output."""

    mask_side: ClassVar[Literal["channels_in", "channels_out"]]
    """The setting of the network that is the number of classes."""

    def adapted(self, recipe: Recipe, manifest: Manifest) -> Recipe:
        """Return the recipe for the classes of a dataset: their raw values, and as many channels."""
        if not self.uses_masks(recipe) or not manifest.label_values:
            return recipe
        content: dict[str, Any] = recipe.model_dump()
        content["labels"] = manifest.label_values
        content["network"][self.mask_side] = len(manifest.label_values)
        return Recipe.model_validate(content)

    def check_dataset(self, recipe: Recipe, manifest: Manifest) -> None:
        """Raise a `UserError` for missing masks, masks that were not stored as classes, or other classes."""
        if not self.uses_masks(recipe):
            return
        name = manifest.name
        if not manifest.layout.has_masks:
            raise UserError(
                f"Recipe {recipe.name!r} learns from masks, which {name!r} does not have; prepare it with ",
                FieldRef("kind", "masked"),
                ".",
            )
        if not manifest.label_values:
            raise UserError(
                f"The masks of {name!r} were not stored as classes; delete the dataset and prepare it again."
            )
        known, count = getattr(capabilities(recipe.network), self.mask_side), len(manifest.label_values)
        if known != count:
            raise UserError(
                f"The masks of {name!r} have {count} classes, but the network has {known}; use ",
                SettingRef(f"network.{self.mask_side}", count),
                ".",
            )
        if recipe.labels and recipe.labels != manifest.label_values:
            raise UserError(
                f"The classes of {name!r} are the labels {manifest.label_values}, those of the recipe {recipe.labels}; "
                "prepare the masks with the same labels."
            )

    def labels(self, recipe: Recipe, name: str) -> tuple[int, ...]:
        """Return the raw value of each class of the trained model `name`.

        Raises:
            UserError: It was trained before recipes stored them.
        """
        if not recipe.labels:
            raise UserError(f"The recipe of {name} does not list the labels of its classes; train it again.")
        return recipe.labels

    def apply_to_file(
        self,
        predictor: "Predictor",
        recipe: Recipe | None,
        micrograph: "Micrograph",
        out: Path,
        progress: Progress = silent,
    ) -> ProcessingStep:
        """Do the same as `apply`, write a TIFF file and return the processing step that it names."""
        from sem_models.images.io.write import write_micrograph

        if recipe is None or not self.uses_masks(recipe):
            return super().apply_to_file(predictor, recipe, micrograph, out, progress)
        result = self.apply(predictor, recipe, micrograph, progress)
        write_micrograph(out, result)
        return result.history[-1]


def one_hot(mask: "Tensor", classes: int) -> "Tensor":
    """Convert (N, 1, H, W) class indices to (N, classes, H, W) float32."""
    import torch
    import torch.nn.functional as F

    return F.one_hot(mask[:, 0].round().to(torch.int64), classes).permute(0, 3, 1, 2).float().contiguous()
