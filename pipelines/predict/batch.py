"""Many files at once: which are read, where results go, and how a file that cannot be used is reported.

No input is replaced, no result of an earlier run is lost, and a bad file does not stop the others.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pipelines.counts import counted
from sem_models.errors import FieldRef, Message, UserError
from sem_models.images.io.partial import remove_abandoned
from sem_models.images.io.read import readable_suffixes
from sem_models.images.micrograph import Micrograph
from sem_models.progress import Progress, part_of, silent

STD_FOLDER = "std"
"""Folder of standard deviations, below that of the results."""
_PAGE_STEM = re.compile(r"-p\d+$")


class Outcome(Protocol):
    """The outcome for one page of a file."""

    @property
    def error(self) -> Message | None:
        """Why there is no result."""


ItemT = TypeVar("ItemT")
PageT = TypeVar("PageT")
OutcomeT = TypeVar("OutcomeT", bound=Outcome)


class FileWork(ABC, Generic[ItemT, PageT, OutcomeT]):
    """The work on each page of each file; an item is a file, or files that belong together."""

    @abstractmethod
    def pages(self, item: ItemT) -> Iterable[PageT]:
        """Read the pages of an item; a `UserError` ends the item, and pages done before stay."""

    @abstractmethod
    def apply(self, item: ItemT, number: int, page: PageT, progress: Progress) -> OutcomeT:
        """Write the result of a page; a `UserError` ends this page only."""

    @abstractmethod
    def failed(self, item: ItemT, number: int, error: Message) -> OutcomeT:
        """Describe a page that could not be used."""


def process_files(
    work: FileWork[ItemT, PageT, OutcomeT],
    items: Sequence[ItemT],
    progress: Progress,
    what: str | None = "files",
    failed: Sequence[OutcomeT] = (),
) -> list[OutcomeT]:
    """Apply `work` to all pages of all items, in order; a page that cannot be used becomes an outcome with its error.

    Any other exception ends the loop, as a cancel does; what was written stays.

    Args:
        work: Reads an item and writes the results of its pages.
        items: Files, or stacks of files.
        progress: Told after each item.
        what: Unit of the progress; None where `work` reports progress itself.
        failed: Outcomes of items that could not be begun.

    Raises:
        UserError: None of them could be used.
    """
    outcomes = list(failed)
    for index, item in enumerate(items):
        outcomes += process_item(work, item, silent if what else part_of(progress, index, len(items)))
        if what:
            progress(index + 1, len(items), what)
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if len(errors) == len(outcomes):
        raise UserError(f"None of {counted(len(failed) + len(items), 'file')} could be used: ", errors[0])
    return outcomes


def process_item(work: FileWork[ItemT, PageT, OutcomeT], item: ItemT, progress: Progress) -> list[OutcomeT]:
    """Apply `work` to all pages of one item."""
    outcomes: list[OutcomeT] = []
    try:
        for number, page in enumerate(work.pages(item)):
            try:
                outcomes.append(work.apply(item, number, page, progress))
            except UserError as error:
                outcomes.append(work.failed(item, number, error.message))
    except UserError as error:
        outcomes.append(work.failed(item, len(outcomes), error.message))
    return outcomes


def input_files(inputs: Sequence[Path], out: Path) -> list[Path]:
    """List files as given and all readable images below folders, each once.

    Results of an earlier run, in an `out` that lies below one of the folders, are not inputs.

    Raises:
        UserError: A place does not exist, no place holds an image, or `out` is a file.
    """
    _refuse_file(out)
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
    """Names for the results of one run, whatever the inputs are called."""

    def __init__(self, out: Path, inputs: Sequence[Path], overwrite: bool) -> None:
        """Create the folder `out`; `overwrite` allows to replace existing results, but never one of `inputs`.

        Unfinished files of killed processes are removed from it.

        Raises:
            UserError: `out` is a file.
        """
        _refuse_file(out)
        out.mkdir(parents=True, exist_ok=True)
        for folder in (out, out / STD_FOLDER):
            remove_abandoned(folder)
        self._out, self._overwrite = out, overwrite
        # An input may be a link to a file that lies where a result would go.
        self._inputs = {_entry(place) for path in inputs for place in (path, path.resolve())}
        self._used: set[str] = set()

    def __call__(self, source: Path, page: str = "") -> Path:
        """Return `STEM.tif`, or `STEM-p2.tif` for a page; where that is taken, with the folder and a number added.

        Raises:
            UserError: A file of that name is an input, or exists already.
        """
        name = next(name for name in _candidates(source, page) if name.casefold() not in self._used)
        self._used.add(name.casefold())
        target = self._out / f"{name}.tif"
        self.require_free(source, target)
        return target

    def require_free(self, source: Path, target: Path) -> None:
        """Refuse to write a result of `source` to a file that is an input, or that exists and may not be replaced.

        Raises:
            UserError: Says what to do instead.
        """
        if _entry(target) in self._inputs:
            what = f"{source.name}: {target} is an input that the result would replace; choose another "
            raise UserError(what, FieldRef("out"), ".")
        if not self._overwrite and (target.exists() or target.is_symlink()):
            what = f"{source.name}: {target} exists already; choose another "
            raise UserError(what, FieldRef("out"), " or allow ", FieldRef("overwrite"), ".")

    def of_page(self, source: Path, image: Micrograph) -> Path:
        """Do the same for one of the images that were read from `source`."""
        # A file name may contain a # of its own.
        return self(source, image.source.removeprefix(source.name).removeprefix("#"))


class LastingNames(OutputNames):
    """Names that a file gets in every process and at every start, and in which only its own result is replaced.

    Where two files have one stem, or a stem looks like that of a page, a part of the hash of the path is added.
    """

    def __init__(self, out: Path, inputs: Sequence[Path]) -> None:
        """See `OutputNames`; `inputs` are all files, also those that other processes read."""
        super().__init__(out, inputs, overwrite=True)
        self._stems = Counter(path.stem.casefold() for path in inputs)

    def __call__(self, source: Path, page: str = "") -> Path:
        """Return `STEM.tif`, `STEM-p2.tif` for a page, or `STEM-0123abcd.tif`."""
        unique = self._stems[source.stem.casefold()] == 1 and not _PAGE_STEM.search(source.stem)
        mark = "" if unique else f"-{hashlib.sha256(_entry(source).encode()).hexdigest()[:8]}"
        target = self._out / f"{source.stem}{mark}{f'-p{page}' if page else ''}.tif"
        self.require_free(source, target)
        return target


def _refuse_file(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file, but ", FieldRef("out"), " needs a folder; choose another.")


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
    """Return one text for one entry of a folder, by whichever links it is reached and on disks that ignore case.

    The entry itself is not resolved: a result replaces a link, not the file that it points to.
    """
    return str(path.parent.resolve() / path.name).casefold()
