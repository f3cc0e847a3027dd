"""Further input files: which of them belong to which first file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sem_models.data.pairing import match_by_name
from sem_models.errors import UserError


@dataclass(frozen=True)
class FurtherFiles:
    """Partners of the first files."""

    of: dict[Path, tuple[Path, ...]]
    """One from each further place, in their order; first files that lack one are not in it."""
    alone: tuple[Path, ...]
    """First files that lack a partner."""
    unused: tuple[Path, ...]
    """Further files that belong to no first file."""
    by_order: bool
    """Whether no name agreed in one of the places, so that files were taken in the order of their names."""


def find_further(first: Sequence[Path], places: Sequence[Sequence[Path]]) -> FurtherFiles:
    """Match the files of each further place with the first files by name, as targets are.

    Raises:
        UserError: A file stands in two places.
    """
    _refuse_shared((first, *places))
    matched = [match_by_name(first, files) for files in places]
    partners = [dict(matching.pairs) for matching in matched]
    whole = [path for path in first if all(path in found for found in partners)]
    used = {found[path] for found in partners for path in whole}
    return FurtherFiles(
        of={path: tuple(found[path] for found in partners) for path in whole},
        alone=tuple(path for path in first if path not in set(whole)),
        unused=tuple(path for files in places for path in files if path not in used),
        by_order=any(matching.by == "order" for matching in matched),
    )


def _refuse_shared(places: Sequence[Sequence[Path]]) -> None:
    seen: dict[Path, int] = {}
    for index, files in enumerate(places):
        for path in files:
            if seen.setdefault(path.resolve(), index) != index:
                raise UserError(
                    f"{path}: this file stands in two of the input places; name folders that do not overlap for the "
                    "first input and for each --with."
                )
