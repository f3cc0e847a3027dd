"""What a task answers: which datasets it can learn from, what goes in and out, how it is scored, applied and named.

This module and every file of a task can be imported without torch, so that pages read their words and checks from
them; what needs torch is imported where it is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sem_models.config.intensity import IntensityLimits
from sem_models.config.methods import MethodFacts, method_facts
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe, TaskName
from sem_models.config.validation_scores import PSNR, ValidationScore
from sem_models.datasets.kinds import LAYOUTS, Kind, Role
from sem_models.datasets.manifest import Manifest
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.progress import Progress, silent
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

    Other tasks change the answers that differ.
    """

    name: TaskName
    words: Words = RESTORING
    score: ValidationScore = PSNR
    """What its validation shows, where the method of the recipe has nothing else to say."""
    keeps_contrast: bool = True
    """Whether light stays light: input and output show the same contrast, so that their difference has a meaning."""
    invents_detail: bool = False
    """Whether detail may come from the training alone: a smooth output has the better PSNR and is of little use."""
    takes_images: bool = True
    """Whether the input is a micrograph; else it is a mask, or nothing."""
    gives_images: bool = True
    """Whether the output is a micrograph; else it is a mask."""
    origin: Origin = Origin.RESTORED
    """What output files are said to be."""
    own_baselines: tuple[str, ...] = ()
    """Names of baselines that belong to this task alone."""

    # Recipe and dataset

    def uses_masks(self, recipe: Recipe) -> bool:
        """Whether masks are the input or the target."""
        return False

    def usual_kinds(self, recipe: Recipe) -> tuple[Kind, ...]:
        """Kinds of datasets that a recipe is meant for; others may do as well."""
        return ("masked",) if self.uses_masks(recipe) else ("single",)

    def adapted(self, recipe: Recipe, manifest: Manifest) -> Recipe:
        """The recipe with what only the dataset can tell, such as the classes of its masks."""
        return recipe

    def check_dataset(self, recipe: Recipe, manifest: Manifest) -> None:
        """Refuse a dataset that has not what the task learns from.

        Raises:
            UserError: With what to do instead.
        """

    def ignores_degradation(self, kind: Kind) -> str:
        """Why a training on a dataset of this kind never looks at the forward model of its recipe; empty: it does."""
        if LAYOUTS[kind].brings_inputs:
            return "No forward model: the dataset brings its inputs as they were recorded."
        return self.words.no_forward_model

    def limits(self, recipe: Recipe, manifest: Manifest) -> IntensityLimits | None:
        """Intensity limits of what a model trained on the dataset takes and gives.

        None where the images of the dataset have limits of their own each, as those of early datasets do.
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
        """Channels of the micrographs that go in; the network may be given more that are made of them."""
        return capabilities(recipe.network).channels_in

    # Batches

    def roles(self, recipe: Recipe, manifest: Manifest) -> tuple[Role, ...]:
        """Which images a batch is made of."""
        if manifest.layout.is_paired:
            return ("input", "target")
        return ("image", "mask") if self.uses_masks(recipe) else ("image",)

    def may_turn(self, recipe: Recipe) -> bool:
        """Whether patches may be turned by quarters; not where scan lines must stay horizontal."""
        return True

    def batch(self, recipe: Recipe, crops: "Crops", generator: "torch.Generator") -> "Batch":
        """`input` and `target` of a step.

        Args:
            recipe: Whose forward model makes inputs that were not recorded.
            crops: (N, C, p, p) float32 unit intensities of each role.
            generator: On their device.
        """
        from sem_models.physics.degrade import degrade

        if "image" not in crops:
            return {"input": crops["input"], "target": crops.get("target", crops["input"])}
        given = degrade(crops["image"], recipe.degradation, generator)
        return {"input": given, "target": crops.get("target", crops["image"])}

    # Scores

    def usual_score(self, facts: MethodFacts) -> ValidationScore:
        """What is expected of the validation of a run before its first one."""
        return facts.usual_score or self.score

    def validator(self, recipe: Recipe, dataset: "Dataset", device: str) -> "Validator":
        """What looks at the model between steps.

        Raises:
            UserError: Images are smaller than what it has to look at.
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
        if truth is Truth.NONE and recipe.blind_spot:
            return BlindValidator(cases, scale, device, recipe.blind_spot)
        return ReferenceValidator(cases, scale, device)

    def baselines(self, model: "UnitModel", dataset: "Dataset", degradation: "Degradation") -> "Sequence[UnitModel]":
        """What belongs into every table of the task."""
        from sem_models.evaluation.baselines.table import baselines_for

        # Of pairs the forward model knows nothing, not even their scale.
        return baselines_for(degradation.model_copy(update={"scale": model.capabilities.scale}))

    def benchmark(
        self,
        model: "UnitModel",
        recipe: Recipe | None,
        dataset: "Dataset",
        degradation: "Degradation",
    ) -> "Benchmark":
        """How a model is scored on a dataset.

        Args:
            model: A trained one, or a baseline.
            recipe: What it learned by; None for a baseline.
            dataset: With what the model has to be compared with.
            degradation: Makes inputs that were not recorded; its scale must be that of the model.

        Raises:
            UserError: The dataset has no truth to compare with.
        """
        from sem_models.evaluation.restoration import require_reference, restoration_benchmark

        require_reference(dataset, degradation)
        baselines = self.baselines(model, dataset, degradation)
        return restoration_benchmark(dataset, degradation, model.capabilities.scale, baselines)

    # Files

    def join(self, images: "Sequence[Micrograph]", bars: "Sequence[DataBar]") -> "Micrograph":
        """One image out of the files that a model takes together, without their data bars.

        Raises:
            UserError: The images do not go together.
        """
        from sem_models.images.channels import to_grey
        from sem_models.images.databar import crop_databar
        from sem_models.images.stack import assemble

        cut = [crop_databar(image, bar) for image, bar in zip(images, bars, strict=True)]
        return cut[0] if len(cut) == 1 else assemble([to_grey(image) for image in cut])

    def file_channels(self, recipe: Recipe) -> int:
        """Channels that the files need which a model is applied to."""
        return 1 if self.uses_masks(recipe) else self.image_channels(recipe)

    def input_is_mask(self, recipe: Recipe) -> bool:
        """Whether models are applied to masks, whose flat rows are no data bar."""
        return self.uses_masks(recipe) and not self.takes_images

    def apply(
        self,
        predictor: "Predictor",
        recipe: Recipe | None,
        micrograph: "Micrograph",
        progress: Progress = silent,
    ) -> "Micrograph":
        """The output for one file, as a file of the task has to look.

        Raises:
            UserError: Its channels are not what the model takes, or a mask holds a label that the model never saw.
        """
        return predictor.predict(micrograph, progress, self.origin)

    def apply_to_file(
        self,
        predictor: "Predictor",
        recipe: Recipe | None,
        micrograph: "Micrograph",
        out: Path,
    ) -> ProcessingStep:
        """Like `apply`, into a TIFF file; where the output can be streamed it is never whole in memory.

        Returns:
            What was done, as the file says it.
        """
        return predictor.predict_to_file(micrograph, out, origin=self.origin)
