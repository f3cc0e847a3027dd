"""The interface of a task: which datasets it learns from, what goes in and out, how it is scored, applied and named.

This module and the files of the tasks can be imported without torch, because pages read labels and checks from them;
what needs torch is imported inside the functions that use it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sem_models.config.intensity import IntensityLimits
from sem_models.config.method_settings import BlindSpot
from sem_models.config.methods import MethodFacts, method_facts
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe, TaskName
from sem_models.config.validation_scores import PSNR, ValidationScore
from sem_models.datasets.kinds import LAYOUTS, Kind, Role
from sem_models.datasets.manifest import Manifest
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.progress import Progress, silent
from sem_models.tasks.material import Material
from sem_models.tasks.words import RESTORING, Words

if TYPE_CHECKING:
    import torch

    from sem_models.config.degradation import Degradation
    from sem_models.datasets.dataset import Dataset
    from sem_models.datasets.sampling.sampler import Crops
    from sem_models.evaluation.benchmark import Benchmark
    from sem_models.images.databar import DataBar
    from sem_models.images.micrograph import Micrograph
    from sem_models.inference.model import UnitModel
    from sem_models.inference.predictor import Predictor
    from sem_models.methods.base import Batch
    from sem_models.validation.base import Validator


@dataclass(frozen=True)
class Task:
    """A restoration: a network learns to undo what the forward model of its recipe, or an instrument, did.

    Other tasks are subclasses that override what differs.
    """

    name: TaskName
    aim: str
    """What users want who choose it, in their words."""
    words: Words = RESTORING
    score: ValidationScore = PSNR
    """The score of its validation, unless the method of the recipe has one of its own."""
    keeps_contrast: bool = True
    """Whether input and output show the same contrast, so that their difference has a meaning."""
    invents_detail: bool = False
    """Whether detail may come from the training images alone: then a smooth, useless output has the better PSNR."""
    takes_images: bool = True
    """Whether the input is a micrograph; otherwise it is a mask, or there is none."""
    gives_images: bool = True
    """Whether the output is a micrograph; otherwise it is a mask."""
    whole_output: bool = True
    """Whether a result is what the model makes of the whole image, so that the standard deviation that the model gives
    is that of the result."""
    origin: Origin = Origin.RESTORED
    """The word in output files that says what was done."""
    own_baselines: tuple[str, ...] = ()
    """Names of baselines that belong to this task alone."""

    # Recipe and dataset

    def uses_masks(self, recipe: Recipe) -> bool:
        """Return whether masks are the input or the target."""
        return False

    def usual_kinds(self, recipe: Recipe) -> tuple[Kind, ...]:
        """Return the kinds of datasets that a recipe is meant for; others may work as well."""
        return ("masked",) if self.uses_masks(recipe) else ("single",)

    def learned_from(self, recipe: Recipe, manifest: Manifest) -> Manifest:
        """Return the part of a dataset that a training reads, described as a dataset of its own; usually all of it."""
        return manifest

    def adapted(self, recipe: Recipe, manifest: Manifest) -> Recipe:
        """Return the recipe, completed by what only the dataset knows, for instance the classes of its masks."""
        return recipe

    def check_dataset(self, recipe: Recipe, manifest: Manifest) -> None:
        """Refuse a dataset that lacks what the task learns from.

        Raises:
            UserError: Says what to do instead.
        """

    def unsuitable(self, recipe: Recipe, material: Material) -> str:
        """Return why a recipe that can learn from such images should not; empty if it should.

        The manifest of a dataset does not say what its images are like, so `check_dataset` cannot know.
        """
        return ""

    def ignores_degradation(self, recipe: Recipe, kind: Kind) -> str:
        """Return why training on this kind of dataset ignores the forward model of the recipe; empty if it does not."""
        if LAYOUTS[kind].brings_inputs:
            return "No forward model: the dataset contains its inputs as they were recorded."
        return self.words.no_forward_model

    def limits(self, recipe: Recipe, manifest: Manifest) -> IntensityLimits | None:
        """Return the intensity limits of the inputs and outputs of a model that learns from a dataset.

        None if each image of the dataset has limits of its own, as in datasets of versions before 0.2.
        """
        from sem_models.methods.base import Truth
        from sem_models.methods.table import find_method

        given, made = manifest.layout.image_roles[0], manifest.layout.sharp_role
        if find_method(recipe).truth(recipe, manifest) is Truth.SECOND_FRAME:
            # Both frames are scaled by the limits of the first.
            made = given
        limits = IntensityLimits(
            input=manifest.limits(given) if self.takes_images else (),
            output=manifest.limits(made) if self.gives_images else (),
        )
        unknown = (self.takes_images and not limits.input) or (self.gives_images and not limits.output)
        return None if unknown else limits

    def image_channels(self, recipe: Recipe) -> int:
        """Return how many channels an input micrograph has; the network may get more that are computed from it."""
        return capabilities(recipe.network).channels_in

    # Batches

    def roles(self, recipe: Recipe, manifest: Manifest) -> tuple[Role, ...]:
        """Return which images of a sample a batch is made from."""
        if manifest.layout.is_paired:
            return ("input", "target")
        return ("image", "mask") if self.uses_masks(recipe) else ("image",)

    def may_turn(self, recipe: Recipe) -> bool:
        """Return whether patches may be rotated by multiples of 90 degrees; not if scan lines must stay horizontal."""
        return True

    def batch(self, recipe: Recipe, crops: "Crops", generator: "torch.Generator") -> "Batch":
        """Make `input` and `target` of a training step, float32 on the device of the crops.

        Args:
            recipe: Its forward model simulates inputs that were not recorded.
            crops: (N, C, p, p) float32 unit intensities for each role.
            generator: Random numbers for the forward model, on the same device.
        """
        from sem_models.datasets.sampling.degraded_crops import degraded_crops

        if "image" not in crops:
            return {"input": crops["input"], "target": crops.get("target", crops["input"])}
        given = degraded_crops(crops, "image", recipe.degradation, generator)
        return {"input": given, "target": crops.get("target", crops["image"])}

    # Scores

    def usual_score(self, facts: MethodFacts) -> ValidationScore:
        """Return the score that the validation of a run is expected to give, before there was one."""
        return facts.usual_score or self.score

    def validator(self, recipe: Recipe, dataset: "Dataset", device: str) -> "Validator":
        """Build the validator that scores the model during training.

        Raises:
            UserError: An image of the validation split is too small.
        """
        from sem_models.evaluation.restoration import make_case
        from sem_models.methods.base import Truth
        from sem_models.methods.table import find_method
        from sem_models.validation.diffusion import DiffusionValidator
        from sem_models.validation.reference import ReferenceValidator
        from sem_models.validation.without_reference import (
            BlindValidator,
            TwoFrameValidator,
            UnpairedValidator,
            two_frames,
        )

        if method_facts(recipe.method).predicts_noise:
            return DiffusionValidator(recipe, dataset, device, self.uses_masks(recipe))
        if dataset.manifest.layout.is_unpaired:
            return UnpairedValidator(dataset, device)
        entries, scale = dataset.entries("val"), capabilities(recipe.network).scale
        truth = find_method(recipe).truth(recipe, dataset.manifest)
        if truth is Truth.SECOND_FRAME:
            return TwoFrameValidator({entry.name: two_frames(dataset, entry) for entry in entries}, scale, device)
        cases = {entry.name: make_case(dataset, entry, recipe.degradation, scale) for entry in entries}
        if truth is Truth.NONE:
            return BlindValidator(cases, scale, device, recipe.blind_spot or BlindSpot())
        return ReferenceValidator(cases, scale, device)

    def baselines(self, model: "UnitModel", dataset: "Dataset", degradation: "Degradation") -> "Sequence[UnitModel]":
        """Return the baselines that belong in every table of the task."""
        from sem_models.evaluation.baselines.table import baselines_for

        # A forward model says nothing about recorded pairs, not even their scale.
        forward = degradation.model_copy(update={"scale": model.capabilities.scale})
        return baselines_for(forward, dataset.manifest.layout.is_paired)

    def benchmark(
        self,
        model: "UnitModel",
        recipe: Recipe | None,
        dataset: "Dataset",
        degradation: "Degradation",
    ) -> "Benchmark":
        """Return how a model is scored on a dataset.

        Args:
            model: A trained model or a baseline.
            recipe: The recipe that it was trained by; None for a baseline.
            dataset: Holds the references that outputs are compared with.
            degradation: Simulates inputs that were not recorded; its scale must be that of the model.

        Raises:
            UserError: The dataset has no reference to compare with.
        """
        from sem_models.evaluation.restoration import require_reference, restoration_benchmark

        require_reference(dataset, degradation)
        baselines = self.baselines(model, dataset, degradation)
        return restoration_benchmark(dataset, degradation, model.capabilities.scale, baselines)

    # Files

    def join(self, images: "Sequence[Micrograph]", bars: "Sequence[DataBar]") -> "Micrograph":
        """Combine the files that a model takes together into one image, without their data bars.

        Raises:
            UserError: The images do not match.
        """
        from sem_models.images.channels import to_grey
        from sem_models.images.databar import crop_databar
        from sem_models.images.stack import assemble

        cut = [crop_databar(image, bar) for image, bar in zip(images, bars, strict=True)]
        return cut[0] if len(cut) == 1 else assemble([to_grey(image) for image in cut])

    def file_channels(self, recipe: Recipe) -> int:
        """Return how many channels the files must have that a model is applied to."""
        return 1 if self.uses_masks(recipe) else self.image_channels(recipe)

    def input_is_mask(self, recipe: Recipe) -> bool:
        """Return whether models are applied to masks, in which flat rows are no data bar."""
        return self.uses_masks(recipe) and not self.takes_images

    def apply(
        self,
        predictor: "Predictor",
        recipe: Recipe | None,
        micrograph: "Micrograph",
        progress: Progress = silent,
    ) -> "Micrograph":
        """Apply a model to one micrograph and return the output in the form that files of this task have.

        Raises:
            UserError: The model takes another number of channels, or a mask holds a label that it never saw.
        """
        return predictor.predict(micrograph, progress, self.origin)

    def may_be_repeated(self, recipe: Recipe | None) -> bool:
        """Return whether a model may be applied to an image in several orientations, whose outputs are comparable."""
        return self.takes_images and self.gives_images

    def abstention_file(self, model: "UnitModel", out: Path) -> Path | None:
        """Return where `apply_to_file` also writes a map of where the model abstained; None if it makes no map."""
        return None

    def apply_to_file(
        self,
        predictor: "Predictor",
        recipe: Recipe | None,
        micrograph: "Micrograph",
        out: Path,
        progress: Progress = silent,
    ) -> ProcessingStep:
        """Do the same as `apply` and write a TIFF file, streamed if possible so that it is never whole in memory.

        Returns:
            The processing step that the file names.
        """
        return predictor.predict_to_file(micrograph, out, progress, self.origin)
