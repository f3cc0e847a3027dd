"""Which files a prediction reads and where it writes: no input is replaced, no result lost."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from sem_models.errors import UserError
from sem_models.images.io.read import readable_suffixes


def input_files(inputs: Sequence[Path], out: Path) -> list[Path]:
    """Files as given and all readable images below folders, each once.

    Results of an earlier run, in an `out` that lies below one of the folders, are not inputs.

    Raises:
        UserError: A place does not exist, or there is no image in any.
    """
    files: dict[str, Path] = {}
    for place in inputs:
        if not place.exists():
            raise UserError(f"{place}: there is no such file or folder; check the path.")
        for path in _below(place, out.resolve()) if place.is_dir() else [place]:
            files.setdefault(_entry(path), path)
    if not files:
        raise UserError(
            f"No image in {', '.join(map(str, inputs))}; supported: {' '.join(sorted(readable_suffixes()))}."
        )
    return list(files.values())


class OutputNames:
    """Names for the results of one run, however the inputs are called."""

    def __init__(self, out: Path, inputs: Sequence[Path], overwrite: bool) -> None:
        """For results in `out`; `overwrite` allows to replace what is there, but never one of `inputs`."""
        self._out, self._overwrite = out, overwrite
        # An input may be a link to a file that lies where a result would go.
        self._inputs = {_entry(place) for path in inputs for place in (path, path.resolve())}
        self._used: set[str] = set()

    def __call__(self, source: Path, page: str) -> Path:
        """`STEM.tif`, `STEM-p2.tif` for a page of several; with the folder in front and a number where that is taken.

        Raises:
            UserError: A file of that name is an input, or is there already.
        """
        name = next(name for name in _candidates(source, page) if name.casefold() not in self._used)
        self._used.add(name.casefold())
        target = self._out / f"{name}.tif"
        if _entry(target) in self._inputs:
            raise UserError(f"{source.name}: {target} is an input, the result would replace it; choose another --out.")
        if not self._overwrite and (target.exists() or target.is_symlink()):
            raise UserError(f"{source.name}: {target} exists already; choose another --out or allow --overwrite.")
        return target


def _below(folder: Path, out: Path) -> Iterator[Path]:
    inside = folder.resolve().is_relative_to(out)
    for path in sorted(folder.rglob("*")):
        readable = path.suffix.lower() in readable_suffixes() and path.is_file()
        if readable and (inside or not path.parent.resolve().is_relative_to(out)):
            yield path


def _candidates(source: Path, page: str) -> Iterator[str]:
    suffix = f"-p{page}" if page else ""
    longer = f"{source.absolute().parent.name}-{source.name.replace('.', '-')}{suffix}"
    yield f"{source.stem}{suffix}"
    yield longer
    for number in count(2):
        yield f"{longer}-{number}"


def _entry(path: Path) -> str:
    """One text for one entry of a folder, by whichever links it is reached and on disks that ignore case.

    The entry itself is not resolved: a result replaces the link that stands there, not the file it points to.
    """
    return str(path.parent.resolve() / path.name).casefold()
