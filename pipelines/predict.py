"""Use case: apply a model to files and folders; a bad file is listed, the others are done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.models import resolve_model
from sem_models.errors import UserError
from sem_models.images.read import read_pages, readable_suffixes
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class Prediction:
    """What became of one page of an input file."""

    source: str
    page: int
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
    names = _Names(out)
    results: list[Prediction] = []
    for index, path in enumerate(files):
        results += _one(predictor, path, names)
        progress(index + 1, len(files), "files restored")
    if all(result.error for result in results):
        raise UserError(f"None of {len(files)} file(s) could be used: {results[0].error}")
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


class _Names:
    """Output names that never collide, however the inputs are called."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._used: set[str] = set()

    def __call__(self, source: Path, page: str) -> Path:
        """`STEM.tif`, `STEM-p2.tif` for a page of several, with the folder's name in front where that is taken."""
        suffix = f"-p{page}" if page else ""
        name = f"{source.stem}{suffix}"
        if name in self._used:
            name = f"{source.parent.name}-{source.name.replace('.', '-')}{suffix}"
        self._used.add(name)
        return self._out / f"{name}.tif"


def _one(predictor: Predictor, source: Path, names: _Names) -> list[Prediction]:
    """All pages of one file."""
    done: list[Prediction] = []
    page = 0
    try:
        for page, micrograph in enumerate(read_pages(source)):
            target = names(source, micrograph.source.partition("#")[2])
            if target.resolve() == source.resolve():
                raise UserError(f"{source.name}: the output would replace it; choose another --out.")
            predictor.predict_to_file(micrograph, target)
            done.append(Prediction(str(source), page, str(target), None))
    except UserError as error:
        done.append(Prediction(str(source), page, None, str(error)))
    return done
