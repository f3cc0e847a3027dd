"""Which raw files a preparation reads and which of them belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sem_models.data.manifest import Kind, Role, Skipped
from sem_models.data.mask_files import match_masks, unused_masks
from sem_models.data.pairing import match_by_name
from sem_models.errors import UserError
from sem_models.images.read import readable_suffixes


@dataclass(frozen=True)
class PrepareOptions:
    """What the user asks for."""

    name: str
    raw: tuple[Path, ...]
    kind: Kind = "single"
    target: Path | None = None
    masks: Path | None = None
    group_by: str | None = None
    pixel_size_nm: float | None = None
    databar_rows: int | None = None
    """Rows for every image; None: metadata, else detection."""
    apply_shift: bool = False
    seed: int = 0
    mask_suffix: str | None = None
    """Of the mask files to use, before the file type, where an image has several: `_seg-axon-manual`."""
    target_pixel_size_nm: float | None = None
    """Of targets, where it differs from that of the inputs; None: as `pixel_size_nm`."""
    resample_nm: float | None = None
    """Pixel size that all images are brought to; None: each stays as it is."""


@dataclass(frozen=True)
class Candidate:
    """One raw file, its role, and the sample it belongs to."""

    path: Path
    role: Role
    sample: str


def candidates(options: PrepareOptions) -> tuple[list[Candidate], list[Skipped], tuple[str, ...]]:
    """What to read, what was left out because it has no partner, and notes for the user.

    Raises:
        UserError: A place does not exist, or the kind needs a second folder.
    """
    raw = _files(options.raw)
    if options.kind == "single":
        return [Candidate(path, "image", path.name) for path in raw], [], ()
    other = options.masks if options.kind == "masked" else options.target
    if other is None:
        raise UserError(f"Kind {options.kind} needs --{'masks' if options.kind == 'masked' else 'target'} FOLDER.")
    second = _files((other,))
    if options.kind == "unpaired":
        first_domain = [Candidate(path, "input", path.name) for path in raw]
        return first_domain + [Candidate(path, "target", path.name) for path in second], [], ()
    raw = [path for path in raw if path not in set(second)]
    masked = options.kind == "masked"
    roles: tuple[Role, Role] = ("image", "mask") if masked else ("input", "target")
    matching = match_masks(raw, second, options.mask_suffix) if masked else match_by_name(raw, second)
    notes = unused_masks(matching, second) if masked else ()
    alone = [Skipped(source=path.name, reason=f"{path.name}: no partner of that name.") for path in matching.alone]
    pairs = [
        Candidate(path, role, pair[0].name) for pair in matching.pairs for path, role in zip(pair, roles, strict=True)
    ]
    by_order = "No names agree: files were paired in the order of their names. Check each pair and its shift."
    return pairs, alone, (*notes, by_order) if matching.by == "order" else notes


def _files(places: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += [p for p in place.rglob("*") if p.is_file() and p.suffix.lower() in readable_suffixes()]
        elif place.is_file():
            found.append(place)
        else:
            raise UserError(f"{place}: there is no such file or folder; check the path.")
    return sorted(set(found))
