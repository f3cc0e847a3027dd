"""What a user corrects image by image: the data bar, the group, the split, and whether the image is used at all."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from sem_models.config.frozen import Frozen
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Split
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.errors import FieldRef, UserError
from sem_models.spreadsheets import as_cell, from_cell
from sem_models.suggestions import did_you_mean

_FIELD = FieldRef("corrections")


class Correction(Frozen):
    """What is corrected of one image; what is None stays as it was found."""

    image: str
    """Name of the file, with `#page` if the file has several pages, as the plan shows it."""
    role: Role | None = None
    """Which image is meant if several have this name, for example an input and its target; None: all of them."""
    databar_rows: int | None = Field(None, ge=0)
    """Rows of data bar; 0 if there is none."""
    group: str | None = None
    """Group of the sample, which replaces that of its file name."""
    split: Split | None = None
    """Split of the sample, and of its whole group, because groups are never divided."""
    use: bool = True
    """Whether the sample is part of the dataset."""

    @property
    def changes_nothing(self) -> bool:
        """Whether everything stays as it was found."""
        return self.use and (self.databar_rows, self.group, self.split) == (None, None, None)


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Read a CSV table with the columns `image`, `role`, `databar_rows`, `group`, `split` and `use`.

    Only `image` is needed; empty cells leave what was found. `use` is yes or no.

    Raises:
        UserError: The file cannot be read, has another column, or a cell holds a value that cannot be used.
    """
    try:
        return read_table(path.name, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(_FIELD, f": {path} cannot be read as a table ({error}); give a CSV file.") from error


def read_table(name: str, text: str) -> tuple[Correction, ...]:
    """Read the text of a table as `read_corrections` does; `name` is for messages.

    Raises:
        UserError: The text is not a table of corrections.
    """
    try:
        rows = list(csv.DictReader(text.splitlines()))
    except csv.Error as error:
        raise UserError(_FIELD, f": {name} is not a table ({error}); give a CSV file.") from error
    return refuse_contradictions(tuple(_correction(name, line, row) for line, row in enumerate(rows, start=2)))


def corrections_table(corrections: Iterable[Correction]) -> str:
    """Write corrections as the CSV table that `read_corrections` reads."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Correction.model_fields), lineterminator="\n")
    writer.writeheader()
    for own in corrections:
        values = {**own.model_dump(), "use": "yes" if own.use else "no"}
        writer.writerow({key: as_cell(value) for key, value in values.items()})
    return text.getvalue()


def from_tables(value: Any) -> Any:
    """Replace each path among corrections by the corrections of that table."""
    if not isinstance(value, list | tuple):
        return value
    found: list[Any] = []
    for item in value:
        found += read_corrections(Path(item)) if isinstance(item, str | Path) else [item]
    return tuple(found)


def refuse_contradictions(corrections: tuple[Correction, ...]) -> tuple[Correction, ...]:
    """Return the corrections.

    Raises:
        UserError: An image is named twice.
    """
    seen: set[tuple[str, Role | None]] = set()
    for own in corrections:
        if (own.image, own.role) in seen:
            raise UserError(_FIELD, f": {own.image} is corrected twice; keep one of its rows.")
        seen.add((own.image, own.role))
    return corrections


def merged(corrections: Sequence[Correction], more: Iterable[Correction]) -> tuple[Correction, ...]:
    """Return corrections in which newer ones replace older ones of the same image; empty ones are dropped."""
    found = {(own.image, own.role): own for own in corrections}
    for own in more:
        found.pop((own.image, None), None)
        found[own.image, own.role] = own
    return tuple(own for own in found.values() if not own.changes_nothing)


def _correction(name: str, line: int, row: Mapping[str | None, Any]) -> Correction:
    given = {key: from_cell(value.strip()) for key, value in row.items() if isinstance(value, str) and value.strip()}
    try:
        return Correction.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        column = first["loc"][0] if first["loc"] else "row"
        columns = ", ".join(Correction.model_fields)
        raise UserError(f"{name}, line {line}, {column}: {first['msg'].lower()}; the columns are {columns}.") from error


@dataclass(frozen=True)
class Corrections:
    """The corrections of a preparation, found by image."""

    given: tuple[Correction, ...] = ()

    def of(self, image: PlannedImage) -> Correction:
        """Return what is corrected of an image; that of its role takes precedence."""
        return self.named(image.source, image.role)

    def named(self, source: str, role: Role) -> Correction:
        """Return what is corrected of the image of that name and role."""
        fitting = [own for own in self.given if own.image == source and own.role in (None, role)]
        return max(fitting, key=lambda own: own.role is not None, default=Correction(image=source))

    def bar_rows(self, name: str, role: Role) -> int | None:
        """Return the corrected rows of data bar of a file, or of the only page of that name; None: not corrected."""
        return self.named(name, role).databar_rows

    def refuse_unknown(self, names: Iterable[str]) -> None:
        """Check that every correction is of an image of the plan, or of one that is left out anyway.

        Raises:
            UserError: There is no such image.
        """
        known = set(names)
        for own in self.given:
            if own.image not in known:
                similar = did_you_mean(own.image, sorted(known))
                raise UserError(_FIELD, f": there is no image {own.image!r} among the files. {similar}")

    def unused(self, images: Sequence[PlannedImage], *, paired: bool) -> set[tuple[str, Role | None]]:
        """Return the samples that are not used; in unpaired datasets each image is a sample, known by name and role."""
        return {_sample(image, paired) for image in images if not self.of(image).use}

    def grouped(self, images: Sequence[PlannedImage], *, paired: bool) -> list[PlannedImage]:
        """Return the images with their corrected groups, which all images of a sample share."""
        groups = {_sample(image, paired): own for image in images if (own := self.of(image).group)}
        return [
            replace(image, group=groups.get(_sample(image, paired), image.group).strip().casefold()) for image in images
        ]

    def splits(self, images: Sequence[PlannedImage], joined: Mapping[str, str]) -> dict[str, Split]:
        """Return the corrected split of each group.

        Raises:
            UserError: Images of one group are put into different splits.
        """
        found: dict[str, tuple[Split, str]] = {}
        for image in images:
            split = self.of(image).split
            if split is None:
                continue
            group = joined.get(image.group, image.group)
            other, first = found.setdefault(group, (split, image.source))
            if other != split:
                raise UserError(
                    _FIELD,
                    f": {first} and {image.source} are both of group {group!r}, but are put into {other} and {split}. "
                    "A group is never divided: give one of them another group, or both the same split.",
                )
        return {group: split for group, (split, _) in found.items()}


def _sample(image: PlannedImage, paired: bool) -> tuple[str, Role | None]:
    return (image.sample, None if paired else image.role)
