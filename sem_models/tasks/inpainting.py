"""Inpainting: dead, saturated or charged scan lines are estimated from the lines around them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Manifest
from sem_models.errors import FieldRef, SettingRef, UserError
from sem_models.images.provenance import ProcessingStep
from sem_models.progress import Progress, silent
from sem_models.tasks.base import Task
from sem_models.tasks.words import Words

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
    from sem_models.inference.scaling import Scaling
    from sem_models.methods.base import Batch
    from sem_models.validation.base import Validator


class Inpainting(Task):
    """The network gets the image with defective lines interpolated, and a mask of the defects as the last channel.

    For training, line defects are simulated in clean frames. In use, the mask is a second file or is found in the
    image. Pixels outside the mask are never altered.
    """

    def check_dataset(self, recipe: Recipe, manifest: Manifest) -> None:
        """Raise a `UserError` for pairs, a forward model that degrades more than lines, or a network without a mask."""
        if manifest.layout.brings_inputs:
            raise UserError(
                f"Recipe {recipe.name!r} simulates line defects in single images, but dataset {manifest.name!r} is "
                f"{manifest.kind}; prepare undamaged images with ",
                FieldRef("kind", "single"),
                ".",
            )
        forward, facts = recipe.degradation, capabilities(recipe.network)
        if forward.lines is None:
            rate = SettingRef("degradation.lines.rate", 0.03)
            raise UserError("Inpainting needs simulated line defects to learn from; use ", rate, ", for example.")
        if forward.blur or forward.is_noisy:
            raise UserError(
                "Inpainting leaves good pixels as they were recorded, so only lines may be degraded; use ",
                SettingRef("degradation.blur", "none"),
                ", ",
                SettingRef("degradation.scan", "none"),
                ", ",
                SettingRef("degradation.dose_e_per_px", "none"),
                " and ",
                SettingRef("degradation.read_noise", 0),
                ".",
            )
        if facts.channels_in != facts.channels_out + 1:
            raise UserError(
                f"Inpainting gives the network a mask as its last channel, but {recipe.network.kind} turns "
                f"{facts.channels_in} channel(s) into {facts.channels_out}; use a network of kind inpainter."
            )

    def image_channels(self, recipe: Recipe) -> int:
        """Return how many channels an input micrograph has, without the mask."""
        return capabilities(recipe.network).channels_out

    def may_turn(self, recipe: Recipe) -> bool:
        """Return False: scan lines stay horizontal."""
        return False

    def may_be_repeated(self, recipe: Recipe | None) -> bool:
        """Return False: most pixels are those of the input in every orientation."""
        return False

    def batch(self, recipe: Recipe, crops: "Crops", generator: "torch.Generator") -> "Batch":
        """Simulate line defects of whole frames in their crops, but only those whose good neighbours the crop shows."""
        import torch

        from sem_models.config.degradation import LineDefects
        from sem_models.evaluation.baselines.lines import fill_and_mark
        from sem_models.physics.line_defects import draw_line_defects, spoil_lines, whole_defects

        clean, lines = crops["image"], recipe.degradation.lines or LineDefects()
        spoilt = []
        for image, window in zip(clean, crops.windows, strict=True):
            defects = draw_line_defects(window.frame_height, window.frame_width, lines, generator)
            whole = whole_defects(defects, window.top, image.shape[1], window.frame_height)
            spoilt.append(spoil_lines(image, whole, window.top, window.left))
        recorded, hidden = (torch.stack(parts) for parts in zip(*spoilt, strict=True))
        return {"input": fill_and_mark(recorded, hidden), "target": clean}

    def validator(self, recipe: Recipe, dataset: "Dataset", device: str) -> "Validator":
        """Build a validator that compares with the frames as recorded, beside interpolation."""
        from sem_models.evaluation.baselines.lines import InterpolatedLines
        from sem_models.evaluation.inpainting import line_case
        from sem_models.validation.reference import ReferenceValidator

        cases = {entry.name: line_case(dataset, entry, recipe.degradation) for entry in dataset.entries("val")}
        return ReferenceValidator(cases, 1, device, InterpolatedLines())

    def benchmark(
        self, model: "UnitModel", recipe: Recipe | None, dataset: "Dataset", degradation: "Degradation"
    ) -> "Benchmark":
        """Return the benchmark of whole frames and of hidden pixels, beside interpolation."""
        from sem_models.evaluation.inpainting import inpainting_benchmark

        return inpainting_benchmark(dataset, degradation)

    def join(self, images: "Sequence[Micrograph]", bars: "Sequence[DataBar]") -> "Micrograph":
        """Combine an image with its mask, a second file of any type that is above 0 where a pixel is defective."""
        from sem_models.images.channels import require_grey

        if len(images) != 2:
            return super().join(images, bars)
        grey, mask = (require_grey(image) for image in images)
        # Flat rows of a mask may look like a data bar, so it is cropped at the data bar of the image.
        return super().join([grey, mask.with_pixels((mask.pixels > 0).astype(grey.pixels.dtype))], [bars[0], bars[0]])

    def apply(
        self, predictor: "Predictor", recipe: Recipe | None, micrograph: "Micrograph", progress: Progress = silent
    ) -> "Micrograph":
        """Estimate the masked pixels and leave all others as they are, bit for bit."""
        from sem_models.images.channels import require_grey
        from sem_models.inference.model import step_of

        given = len(micrograph.parts) == 2
        image = replace(micrograph, pixels=micrograph.pixels[..., :1]) if given else require_grey(micrograph)
        hidden = micrograph.pixels[..., -1] > 0 if given else found_defects(image)
        redrawn, scaling = _redrawn(predictor, image, hidden, progress)
        pixels = np.where(hidden[..., None], redrawn, image.pixels)
        lines, count = int(hidden.any(axis=1).sum()), int(hidden.sum())
        settings = f"{count} px in {lines} lines redrawn, mask {'given' if given else 'found'}"
        step = predictor.step_for(image, scaling) if scaling else step_of(predictor.model)
        return image.processed(pixels, step.with_settings(first=settings))

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

        result = self.apply(predictor, recipe, micrograph, progress)
        write_micrograph(out, result)
        return result.history[-1]


def found_defects(image: "Micrograph") -> NDArray[np.bool_]:
    """Find the line defects of a grey micrograph without data bar; returns (H, W), True where a pixel is defective."""
    from sem_models.physics.find_in_recording import find_in_recording
    from sem_models.physics.find_line_defects import find_line_defects

    return find_in_recording(image.pixels[..., 0], find_line_defects)


def _redrawn(
    predictor: "Predictor", image: "Micrograph", hidden: NDArray[np.bool_], progress: Progress
) -> "tuple[NDArray[np.generic], Scaling | None]":
    """Return the model's output in native type, (H, W, 1), of which only hidden pixels count, and its scaling."""
    import torch

    from sem_models.evaluation.baselines.lines import fill_and_mark
    from sem_models.images.intensity import from_unit, intensity_range, to_unit
    from sem_models.inference.scaling import limits_like, scaling_for

    if not hidden.any() or hidden.all():
        return image.pixels, None
    # Dead lines would stretch the percentiles.
    good = intensity_range(image.pixels[~hidden])
    scaling = scaling_for(predictor.model, limits_like(image, (good,)))
    unit = torch.from_numpy(to_unit(image.pixels, scaling.inputs[0]).transpose(2, 0, 1))[None]
    prepared = fill_and_mark(unit, torch.from_numpy(hidden)[None, None].to(unit.dtype))[0]
    restored = predictor.predict_unit(prepared.numpy(), progress)
    return from_unit(restored.transpose(1, 2, 0), scaling.output, image.pixels.dtype)[0], scaling


INPAINTING = Inpainting(
    "inpainting",
    "Redraw damaged scan lines",
    Words(
        "Inpaint lines",
        ":material/healing:",
        "Inpainted lines are estimated from their neighbours; all other pixels are as they were recorded.",
        panels={"input": "As recorded", "floor": "Baseline: lines interpolated", "output": "Model", "target": "Target"},
    ),
    whole_output=False,
    own_baselines=("baseline:interpolated-lines",),
)
