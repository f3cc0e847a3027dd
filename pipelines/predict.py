"""Use case: apply a model to files and folders; a bad file is listed, the others are done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.models import resolve_model
from pipelines.outputs import OutputNames, input_files
from sem_models.errors import UserError
from sem_models.images.databar import crop_databar, find_databar
from sem_models.images.micrograph import Micrograph
from sem_models.images.read import read_pages
from sem_models.images.write import write_micrograph
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
) -> list[Prediction]:
    """Write a TIFF into `out` for each page of each input image, in its dtype, with pixel size and provenance.

    Args:
        model: As `resolve_model` takes it.
        inputs: Files and folders; never replaced.
        out: Folder for the results, made where it is missing.
        scale: Of a floor; models know their own.
        tile: Edge of a tile in input pixels; None: chosen by itself.
        progress: Told after each file.
        databar: What becomes of the instrument's data bar.
        overwrite: Whether results that are in `out` may be replaced; if not, such a page is listed as an error.

    Raises:
        UserError: No such model, no input found, or not one input could be used.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: it is a file, where --out needs a folder; choose another.")
    files = input_files(inputs, out)
    predictor = Predictor(resolve_model(model, scale).model, tile=tile)
    out.mkdir(parents=True, exist_ok=True)
    names = OutputNames(out, files, overwrite)
    results: list[Prediction] = []
    for index, path in enumerate(files):
        results += _one(predictor, path, names, databar)
        progress(index + 1, len(files), "files restored")
    if all(result.error for result in results):
        raise UserError(f"None of {len(files)} file(s) could be used: {results[0].error}")
    return results


def _one(predictor: Predictor, source: Path, names: OutputNames, databar: DataBarChoice) -> list[Prediction]:
    """All pages of one file; one that cannot be used does not stop the others."""
    done: list[Prediction] = []
    try:
        for page, micrograph in enumerate(read_pages(source)):
            done.append(_page(predictor, source, page, micrograph, names, databar))
    except UserError as error:
        done.append(Prediction(str(source), len(done), None, str(error)))
    return done


def _page(
    predictor: Predictor,
    source: Path,
    page: int,
    micrograph: Micrograph,
    names: OutputNames,
    databar: DataBarChoice,
) -> Prediction:
    try:
        # A file name may contain a # of its own.
        target = names(source, micrograph.source.removeprefix(source.name).removeprefix("#"))
        recipe = label_recipe(predictor.model)
        # The flat rows of a mask are no data bar.
        drawn = recipe is not None and recipe.task == "synthesis"
        bar = find_databar(micrograph, 0 if databar == "keep" or drawn else None)
        image = crop_databar(micrograph, bar)
        if recipe is None:
            predictor.predict_to_file(image, target)
        else:
            write_micrograph(target, apply_model(predictor, image))
    except UserError as error:
        return Prediction(str(source), page, None, str(error))
    return Prediction(str(source), page, str(target), None, bar.rows)
