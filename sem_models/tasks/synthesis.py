"""Synthesis: a micrograph is generated from a mask, or from noise alone."""

from typing import TYPE_CHECKING, ClassVar, Literal

from sem_models.config.methods import method_facts
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.images.provenance import Origin
from sem_models.progress import Progress, silent
from sem_models.tasks.label_maps import LabelMapTask, one_hot
from sem_models.tasks.words import Words

if TYPE_CHECKING:
    import torch

    from sem_models.config.degradation import Degradation
    from sem_models.datasets.dataset import Dataset
    from sem_models.datasets.sampling.sampler import Crops
    from sem_models.evaluation.benchmark import Benchmark
    from sem_models.images.micrograph import Micrograph
    from sem_models.inference.model import UnitModel
    from sem_models.inference.predictor import Predictor
    from sem_models.methods.base import Batch
    from sem_models.validation.base import Validator


class Synthesis(LabelMapTask):
    """The targets are real images, which are never degraded."""

    mask_side: ClassVar[Literal["channels_in", "channels_out"]] = "channels_in"

    def uses_masks(self, recipe: Recipe) -> bool:
        """Return whether the network takes a mask; without input channels it generates from noise alone."""
        return capabilities(recipe.network).channels_in > 0

    def is_drawn(self, recipe: Recipe) -> bool:
        """Return whether images are drawn by diffusion, with several samples for one condition, each by its seed."""
        return method_facts(recipe.method).predicts_noise

    def batch(self, recipe: Recipe, crops: "Crops", generator: "torch.Generator") -> "Batch":
        """Return one-hot masks and the images as recorded."""
        if "mask" not in crops:
            return super().batch(recipe, crops, generator)
        return {"input": one_hot(crops["mask"], capabilities(recipe.network).channels_in), "target": crops["image"]}

    def validator(self, recipe: Recipe, dataset: "Dataset", device: str) -> "Validator":
        """Build a validator that compares generated with real images, or for diffusion scores the noise prediction."""
        from sem_models.validation.label_maps import SynthesisValidator

        if self.is_drawn(recipe) or not self.uses_masks(recipe):
            return super().validator(recipe, dataset, device)
        return SynthesisValidator(dataset, device)

    def benchmark(
        self, model: "UnitModel", recipe: Recipe | None, dataset: "Dataset", degradation: "Degradation"
    ) -> "Benchmark":
        """Return the benchmark of generated against real images, beside the mean grey of each class."""
        from sem_models.evaluation.label_maps import synthesis_benchmark

        if recipe is None or not self.uses_masks(recipe):
            return super().benchmark(model, recipe, dataset, degradation)
        return synthesis_benchmark(dataset, recipe.labels, degradation)

    def apply(
        self, predictor: "Predictor", recipe: Recipe | None, micrograph: "Micrograph", progress: Progress = silent
    ) -> "Micrograph":
        """Generate a micrograph, (H, W, 1) uint8, from a mask."""
        from sem_models.inference.label_maps import draw_after_mask

        if recipe is None or not self.uses_masks(recipe):
            return super().apply(predictor, recipe, micrograph, progress)
        return draw_after_mask(predictor, self.labels(recipe, predictor.model.name), micrograph, progress)


SYNTHESIS = Synthesis(
    "synthesis",
    "Draw micrographs",
    Words(
        "Draw",
        ":material/brush:",
        "Synthetic: generated from the mask, not recorded by any microscope.",
        no_forward_model="No forward model: the network learns real images as they are, nothing is degraded.",
    ),
    keeps_contrast=False,
    origin=Origin.SYNTHETIC,
    invents_detail=True,
    takes_images=False,
)
