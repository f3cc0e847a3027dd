"""Which raw files a preparation reads and which of them belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sem_models.data.further import FurtherFiles, find_further
from sem_models.data.manifest import Kind, Register, Role, Skipped
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
    register: Register = "none"
    """What is done to pairs so that they fit."""
    max_residual_px: float | None = None
    """Pairs whose median residual is larger are set aside; infinite: none is. None: 2 px where pairs are registered;
    where they are not, none is."""
    seed: int = 0
    mask_suffix: str | None = None
    """Of the mask files to use, before the file type, where an image has several: `_seg-axon-manual`."""
    with_: tuple[Path, ...] = ()
    """Paired: folders of further inputs, whose channels follow those of the raw files."""
    target_pixel_size_nm: float | None = None
    """Of targets, where it differs from that of the inputs; None: as `pixel_size_nm`."""
    target_group_by: str | None = None
    """Unpaired: as `group_by`, of the other domain, where its files are named in another way; None: as that."""
    test_groups: str | None = None
    """Regular expression of the groups that are the test; None: a fifth of the images is dealt to it."""
    resample_nm: float | None = None
    """Pixel size that all images are brought to; None: each stays as it is."""


@dataclass(frozen=True)
class Candidate:
    """One raw file, its role, and the sample it belongs to."""

    path: Path
    role: Role
    sample: str
    part: int = 0
    """0 for RAW, 1 for the first folder of further inputs and so on."""


def candidates(options: PrepareOptions) -> tuple[list[Candidate], list[Skipped], tuple[str, ...]]:
    """What to read, what was left out because it has no partner, and notes for the user.

    Raises:
        UserError: A place does not exist, or the kind needs a second folder.
    """
    raw = _files(options.raw)
    if options.with_ and options.kind != "paired":
        raise UserError(f"--with goes with --kind paired, whose inputs it completes, not with {options.kind}.")
    if options.target_group_by and options.kind != "unpaired":
        raise UserError(f"--target-group-by goes with --kind unpaired, not with {options.kind}; use --group-by.")
    if options.kind == "single":
        return [Candidate(path, "image", path.name) for path in raw], [], ()
    other = options.masks if options.kind == "masked" else options.target
    if other is None:
        raise UserError(f"Kind {options.kind} needs --{'masks' if options.kind == 'masked' else 'target'} FOLDER.")
    second = _files((other,))
    if options.kind == "unpaired":
        first_domain = [Candidate(path, "input", path.name) for path in raw]
        return first_domain + [Candidate(path, "target", path.name) for path in second], [], ()
    first = [path for path in raw if path not in set(second)]
    masked = options.kind == "masked"
    roles: tuple[Role, Role] = ("image", "mask") if masked else ("input", "target")
    further = find_further(first, [_files((place,)) for place in options.with_])
    _refuse_targets(further, second)
    kept = list(further.of)
    matching = match_masks(kept, second, options.mask_suffix) if masked else match_by_name(kept, second)
    notes = unused_masks(matching, second) if masked else ()
    alone = [Skipped(source=path.name, reason=f"{path.name}: no partner of that name.") for path in matching.alone]
    alone += [Skipped(source=path.name, reason=f"{path.name}: a further input is missing.") for path in further.alone]
    alone += [Skipped(source=path.name, reason=f"{path.name}: no input of that name.") for path in further.unused]
    pairs = [
        Candidate(path, role, pair[0].name) for pair in matching.pairs for path, role in zip(pair, roles, strict=True)
    ]
    pairs += [
        Candidate(path, "input", first.name, part)
        for first, _ in matching.pairs
        for part, path in enumerate(further.of[first], start=1)
    ]
    by_order = "No names agree: files were paired in the order of their names. Check each pair and its shift."
    return pairs, alone, (*notes, by_order) if matching.by == "order" or further.by_order else notes


def _refuse_targets(further: FurtherFiles, targets: Sequence[Path]) -> None:
    """What is to be predicted must not be among the inputs."""
    inputs = {path.resolve() for paths in further.of.values() for path in paths}
    for path in targets:
        if path.resolve() in inputs:
            raise UserError(f"{path}: this file is a target and stands under --with too; name another folder.")


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
