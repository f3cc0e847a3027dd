"""Use case: apply a model to files and folders; a bad file is listed, the others are done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.models import resolve_model
from pipelines.predict.input_stacks import Stack, input_stacks, join, stack_pages
from pipelines.predict.outputs import OutputNames
from pipelines.predict.sampling import resampled
from sem_models.errors import UserError
from sem_models.images.databar import find_databar
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.label_maps import apply_model, label_recipe
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent

DataBarChoice = Literal["cut", "keep"]
"""Cut as `prepare` does, because a network that never saw writing makes other writing of it; or keep it."""


@dataclass(frozen=True)
class Prediction:
    """What became of one page of an input file."""

    source: str
    page: int
    output: str | None
    error: str | None
    databar_rows: int = 0
    """Input rows at the bottom that were cut off."""
    extra_inputs: tuple[str, ...] = ()
    """Files whose channels followed those of `source`."""


def predict(
    model: str,
    inputs: Sequence[Path],
    out: Path,
    scale: int = 4,
    tile: int | None = None,
    progress: Progress = silent,
    *,
    databar: DataBarChoice = "cut",
    overwrite: bool = False,
    changes: Sequence[str] = (),
    extra_inputs: Sequence[Path] = (),
) -> list[Prediction]:
    """Write a TIFF into `out` for each page of each input image, in its dtype, with pixel size and provenance.

    Args:
        model: As `resolve_model` takes it.
        inputs: Files and folders; never replaced.
        out: Folder for the results, made where it is missing.
        scale: Of a baseline; models know their own.
        tile: Edge of a tile in input pixels; None: chosen by itself.
        progress: Told after each file.
        databar: What becomes of the instrument's data bar.
        overwrite: Whether results that are in `out` may be replaced; if not, such a page is listed as an error.
        changes: `diffusion.sampling.KEY=VALUE`, of a diffusion model.
        extra_inputs: Files and folders whose channels follow those of `inputs`, matched by name, as `prepare --with`.

    Raises:
        UserError: No such model, no input found, or not one input could be used.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: it is a file, where --out needs a folder; choose another.")
    found = input_stacks(inputs, extra_inputs, out)
    predictor = Predictor(resampled(resolve_model(model, scale).model, changes), tile=tile)
    out.mkdir(parents=True, exist_ok=True)
    names = OutputNames(out, [*found.incomplete, *(path for stack in found.stacks for path in stack)], overwrite)
    results = [Prediction(str(path), 0, None, f"{path.name}: a further input is missing.") for path in found.incomplete]
    for index, stack in enumerate(found.stacks):
        results += _one(predictor, stack, names, databar)
        progress(index + 1, len(found.stacks), "files")
    if all(result.error for result in results):
        count = len(found.stacks) + len(found.incomplete)
        raise UserError(f"None of {count} file(s) could be used: {results[0].error}")
    return results


def _one(predictor: Predictor, stack: Stack, names: OutputNames, databar: DataBarChoice) -> list[Prediction]:
    """All pages of one file; one that cannot be used does not stop the others."""
    done: list[Prediction] = []
    try:
        for page, images in enumerate(stack_pages(stack)):
            done.append(_page(predictor, stack, page, images, names, databar))
    except UserError as error:
        done.append(Prediction(str(stack[0]), len(done), None, str(error)))
    return done


def _page(
    predictor: Predictor,
    stack: Stack,
    page: int,
    images: Sequence[Micrograph],
    names: OutputNames,
    databar: DataBarChoice,
) -> Prediction:
    source, extra_inputs = stack[0], tuple(map(str, stack[1:]))
    try:
        # A file name may contain a # of its own.
        target = names(source, images[0].source.removeprefix(source.name).removeprefix("#"))
        recipe = label_recipe(predictor.model)
        # The flat rows of a mask are no data bar.
        drawn = recipe is not None and recipe.task == "synthesis"
        bars = [find_databar(image, 0 if databar == "keep" or drawn else None) for image in images]
        whole = join(images, bars)
        if recipe is None:
            predictor.predict_to_file(whole, target)
        else:
            write_micrograph(target, apply_model(predictor, whole))
    except UserError as error:
        return Prediction(str(source), page, None, str(error), extra_inputs=extra_inputs)
    return Prediction(str(source), page, str(target), None, bars[0].rows, extra_inputs)
