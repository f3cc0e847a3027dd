"""Segmentation: a micrograph becomes a mask; the network gives one logit for each class and pixel."""

from typing import TYPE_CHECKING, ClassVar, Literal

from sem_models.config.recipe import Recipe
from sem_models.config.validation_scores import DICE
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


class Segmentation(LabelMapTask):
    """The output is the mask; the input may be degraded."""

    mask_side: ClassVar[Literal["channels_in", "channels_out"]] = "channels_out"

    def uses_masks(self, recipe: Recipe) -> bool:
        """Return True: the target is always a mask."""
        return True

    def batch(self, recipe: Recipe, crops: "Crops", generator: "torch.Generator") -> "Batch":
        """Degrade the images by the forward model and make the masks one-hot."""
        from sem_models.config.networks.table import capabilities
        from sem_models.datasets.sampling.degraded_crops import degraded_crops

        given = degraded_crops(crops, "image", recipe.degradation, generator)
        return {"input": given, "target": one_hot(crops["mask"], capabilities(recipe.network).channels_out)}

    def validator(self, recipe: Recipe, dataset: "Dataset", device: str) -> "Validator":
        """Build a validator that scores Dice."""
        from sem_models.validation.label_maps import SegmentationValidator

        return SegmentationValidator(recipe, dataset, device)

    def benchmark(
        self, model: "UnitModel", recipe: Recipe | None, dataset: "Dataset", degradation: "Degradation"
    ) -> "Benchmark":
        """Return the benchmark by Dice and IoU, beside the most frequent class of the training split."""
        from sem_models.evaluation.label_maps import segmentation_benchmark

        return segmentation_benchmark(dataset, recipe.labels if recipe else (), degradation)

    def apply(
        self, predictor: "Predictor", recipe: Recipe | None, micrograph: "Micrograph", progress: Progress = silent
    ) -> "Micrograph":
        """Segment a micrograph into (H, W, 1) raw labels, uint8 if they fit, else uint16."""
        from sem_models.inference.label_maps import segment

        labels = self.labels(recipe, predictor.model.name) if recipe else ()
        return segment(predictor, labels, micrograph, progress)


SEGMENTATION = Segmentation(
    "segmentation",
    "Segment",
    Words(
        "Segment",
        ":material/category:",
        "Classes are an estimate: check boundaries and small parts against the image.",
        display="From the centre of the image; each class in its colour.",
    ),
    score=DICE,
    keeps_contrast=False,
    origin=Origin.SEGMENTED,
    gives_images=False,
)
