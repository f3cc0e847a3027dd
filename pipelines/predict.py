"""Use case: apply a model to files and folders; a bad file is listed, the others are done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.models import resolve_model
from sem_models.errors import UserError
from sem_models.images.read import readable_suffixes
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class Prediction:
    """What became of one input file."""

    source: str
    output: str | None
    error: str | None


def predict(
    model: str, inputs: Sequence[Path], out: Path, scale: int = 4, tile: int | None = None, progress: Progress = silent
) -> list[Prediction]:
    """Write a TIFF into `out` for each input image, in its dtype, with pixel size and provenance.

    Raises:
        UserError: No such model, no input found, or not one input could be used.
    """
    files = input_files(inputs)
    predictor = Predictor(resolve_model(model, scale).model, tile=tile)
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for index, path in enumerate(files):
        results.append(_one(predictor, path, out / f"{path.stem}.tif"))
        progress(index + 1, len(files), "images restored")
    if all(result.error for result in results):
        raise UserError(f"None of {len(results)} image(s) could be used: {results[0].error}")
    return results


def input_files(inputs: Sequence[Path]) -> list[Path]:
    """Files as given, and all readable images below folders."""
    files: list[Path] = []
    for place in inputs:
        if not place.exists():
            raise UserError(f"{place}: there is no such file or folder; check the path.")
        found = [p for p in sorted(place.rglob("*")) if p.is_file() and p.suffix.lower() in readable_suffixes()]
        files += found if place.is_dir() else [place]
    if not files:
        raise UserError(
            f"No image in {', '.join(map(str, inputs))}; supported: {' '.join(sorted(readable_suffixes()))}."
        )
    return files


def _one(predictor: Predictor, source: Path, target: Path) -> Prediction:
    if target.resolve() == source.resolve():
        return Prediction(str(source), None, f"{source.name}: the output would replace it; choose another --out.")
    try:
        predictor.predict_file(source, target)
    except UserError as error:
        return Prediction(str(source), None, str(error))
    return Prediction(str(source), str(target), None)
