"""Refocusing: undoing known or unknown blur, of the whole image or of a part of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Manifest
from sem_models.errors import FieldRef, SettingRef, UserError
from sem_models.images.provenance import ProcessingStep
from sem_models.progress import Progress, silent
from sem_models.tasks.base import Task
from sem_models.tasks.words import REFOCUSED

if TYPE_CHECKING:
    import torch

    from sem_models.config.degradation import Degradation
    from sem_models.datasets.dataset import Dataset
    from sem_models.datasets.sampling.sampler import Crops
    from sem_models.images.micrograph import Micrograph
    from sem_models.inference.model import UnitModel
    from sem_models.inference.predictor import Predictor
    from sem_models.methods.base import Batch
    from sem_models.validation.base import Validator

_ERROR_OF_WIDTH = 0.15
"""In training, the width that the network is told is wrong by up to this fraction, as a user's estimate is."""


class Refocusing(Task):
    """A network that cannot be told the width of the blur is trained and applied like any other restoration.

    One that can gets the width of each patch as its last channel.
    """

    def check_dataset(self, recipe: Recipe, manifest: Manifest) -> None:
        """Raise a `UserError` if the network must be told a width that nobody knows, or that it cannot be told."""
        strength, blur = capabilities(recipe.network).strength, recipe.degradation.blur
        if strength is None:
            return
        if manifest.layout.brings_inputs:
            raise UserError(
                f"Recipe {recipe.name!r} must be told how wide each blur is, but dataset {manifest.name!r} is "
                f"{manifest.kind} and does not say; prepare sharp images with ",
                FieldRef("kind", "single"),
                ", or choose a recipe that is not told.",
            )
        largest = strength.largest_px
        if blur is None or blur.size_px[1] > largest:
            raise UserError(
                f"Recipe {recipe.name!r} learns from a simulated blur of at most {largest:g} px; use ",
                SettingRef("degradation.blur.size_px", f"0,{largest:g}"),
                ".",
            )

    def image_channels(self, recipe: Recipe) -> int:
        """Return how many channels an input micrograph has, without the width of the blur."""
        facts = capabilities(recipe.network)
        return facts.channels_in - (facts.strength is not None)

    def batch(self, recipe: Recipe, crops: "Crops", generator: "torch.Generator") -> "Batch":
        """Blur each patch by a width of its own, which the network is told with an error of up to 15 %."""
        import torch

        from sem_models.datasets.sampling.degraded_crops import degraded_crops

        blur = recipe.degradation.blur
        if capabilities(recipe.network).strength is None or blur is None or "image" not in crops:
            return super().batch(recipe, crops, generator)
        sharp = crops["image"]
        drawn = torch.rand(2, len(sharp), generator=generator, device=generator.device)
        widths = blur.size_px[0] + (blur.size_px[1] - blur.size_px[0]) * drawn[0]
        told = widths * (1 + _ERROR_OF_WIDTH * (2 * drawn[1] - 1))
        parts = [
            degraded_crops(crops.of([index]), "image", blurred_by(recipe.degradation, width), generator)
            for index, width in enumerate(widths.tolist())
        ]
        return {"input": with_width(torch.cat(parts), told.to(sharp.device)), "target": sharp}

    def validator(self, recipe: Recipe, dataset: "Dataset", device: str) -> "Validator":
        """Build a validator; a network that is told the width is scored on one known width, in the middle of all."""
        from sem_models.validation.told_width import ToldWidthValidator

        blur = recipe.degradation.blur
        if capabilities(recipe.network).strength is None or blur is None:
            return super().validator(recipe, dataset, device)
        middle = sum(blur.size_px) / 2
        known = recipe.model_copy(update={"degradation": blurred_by(recipe.degradation, middle)})
        return ToldWidthValidator(super().validator(known, dataset, device), middle)

    def may_be_repeated(self, recipe: Recipe | None) -> bool:
        """A model that is told the width of the blur says by its map of abstention where it is in doubt."""
        return recipe is None or capabilities(recipe.network).strength is None

    def abstention_file(self, model: "UnitModel", out: Path) -> Path | None:
        """Return `abstention/NAME.tif` beside the result of a model that is told the width of the blur."""
        from sem_models.inference.told_width import ToldWidthModel

        return out.parent / "abstention" / out.name if isinstance(model, ToldWidthModel) else None

    def apply_to_file(
        self,
        predictor: "Predictor",
        recipe: Recipe | None,
        micrograph: "Micrograph",
        out: Path,
        progress: Progress = silent,
    ) -> ProcessingStep:
        """Write the refocused image, and for a model that is told the width also its map of abstention.

        The map is a float32 TIFF of values from 0, refocused, to 1, left as recorded.
        """
        from sem_models.images.io.write import write_micrograph

        beside = self.abstention_file(predictor.model, out)
        if beside is None:
            return super().apply_to_file(predictor, recipe, micrograph, out, progress)
        refocused, abstains = refocused_with_map(predictor, micrograph, progress)
        beside.parent.mkdir(exist_ok=True)
        write_micrograph(beside, abstains)
        write_micrograph(out, refocused)
        return refocused.history[-1]


def refocused_with_map(
    predictor: "Predictor", micrograph: "Micrograph", progress: Progress = silent
) -> "tuple[Micrograph, Micrograph]":
    """Return the output of a model that is told the width, in native type, and its map of abstention, float32.

    Raises:
        UserError: The model takes another number of channels.
    """
    from sem_models.images.intensity import from_unit
    from sem_models.images.stack import stack_to_unit
    from sem_models.inference.scaling import measured_limits, scaling_for
    from sem_models.inference.told_width import with_map

    image = predictor.accepted(micrograph)
    scaling = scaling_for(predictor.model, measured_limits(image))
    unit = stack_to_unit(image.pixels, image.parts, scaling.inputs).transpose(2, 0, 1)
    mapping = predictor.with_model(with_map(predictor.model))
    made = mapping.predict_unit(np.ascontiguousarray(unit), progress).transpose(1, 2, 0)
    pixels, _ = from_unit(made[..., :-1], scaling.output, scaling.dtype)
    step = mapping.step_for(image, scaling)
    mapped = step.with_settings(first="map of abstention")
    return image.processed(pixels, step), image.processed(np.ascontiguousarray(made[..., -1:]), mapped)


def blurred_by(degradation: "Degradation", width_px: float) -> "Degradation":
    """Return the same forward model with a blur of one known width."""
    if degradation.blur is None:
        raise ValueError("the forward model has no blur")
    blur = degradation.blur.model_copy(update={"size_px": (width_px, width_px)})
    return degradation.model_copy(update={"blur": blur})


def with_width(x: "torch.Tensor", widths_px: "torch.Tensor") -> "torch.Tensor":
    """Append to (N, C, H, W) a channel that is everywhere the width of each image, from (N,)."""
    import torch

    return torch.cat([x, widths_px.to(x)[:, None, None, None].expand(-1, 1, *x.shape[2:])], 1)


REFOCUSING = Refocusing("refocusing", "Refocus", REFOCUSED)
