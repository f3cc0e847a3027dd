"""The card of a dataset: what it is, from where, under which licence, how much of it, how noisy, and its digest."""

import contextlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from pipelines.counts import counted
from pipelines.data.requests import PrepareRequest
from pipelines.home import home
from sem_models.config.frozen import Frozen
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.kinds import Kind, Role
from sem_models.datasets.manifest import Entry, Manifest, Split, StoredArray
from sem_models.errors import UserError
from sem_models.names import one_folder
from sem_models.progress import Progress, silent
from sem_models.version import __version__

_JSON, _TEXT = "card.json", "card.md"
_MOST_NOISE = 3
_ENOUGH_PX = 640
_SPLITS: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}
_UNKNOWN = "not stated"


class Noise(Frozen):
    """The noise of one image, estimated from its middle alone, in fractions of its intensity range."""

    image: str
    role: Role
    dose_e_per_px: float | None
    """Electrons per pixel at white; None if there is no shot noise."""
    read_noise: float
    banding: float | None


class DatasetCard(Frozen):
    """What somebody should know about a dataset before using it."""

    name: str
    about: str = ""
    origin: str = ""
    licence: str = ""
    kind: Kind
    samples: dict[Split, int]
    groups: dict[Split, int]
    group_by: str
    files: int
    """Number of raw files that are used."""
    left_out: int
    roles: dict[Role, str]
    """Sizes, data types and pixel sizes of the images of each role, in words."""
    noise: tuple[Noise, ...] = ()
    """Of a few training images; empty if it was not estimated."""
    digest: str
    program: str
    """Program and version that prepared it; empty if it is not known."""


def write_card(dataset: Dataset, request: PrepareRequest, progress: Progress = silent) -> DatasetCard:
    """Estimate the noise of a few training images, and write the card as JSON and as text beside the manifest."""
    about = {"about": request.about, "origin": request.origin, "licence": request.licence}
    noise = _noise(dataset, progress)
    card = _card_from(dataset.manifest, dataset.digest).model_copy(
        update={**about, "noise": noise, "program": f"SEM Workbench {__version__}"}
    )
    _write(dataset.folder / _JSON, card.model_dump_json(indent=1) + "\n")
    _write(dataset.folder / _TEXT, card_text(card))
    return card


def find_card(dataset: Dataset) -> DatasetCard:
    """Read the card of a dataset; what its manifest says where an earlier version wrote none, or it is damaged."""
    return _stored(dataset.folder) or _card_from(dataset.manifest, dataset.digest)


def card_of_content(manifest: Manifest, digest: str) -> DatasetCard:
    """Return the card of the dataset that a run was trained or scored on, known by its manifest and digest.

    The card beside the dataset also names origin and licence; it counts while the dataset still has this content.
    """
    stored = None
    # A manifest from elsewhere may state a name that leads out of the folder.
    with contextlib.suppress(ValueError):
        stored = _stored(home().datasets / one_folder(manifest.name))
    return stored if stored and stored.digest == digest else _card_from(manifest, digest)


def _stored(folder: Path) -> DatasetCard | None:
    try:
        return DatasetCard.model_validate_json((folder / _JSON).read_text())
    except (OSError, ValidationError, ValueError):
        return None


def _card_from(manifest: Manifest, digest: str) -> DatasetCard:
    """Describe a dataset by its manifest alone."""
    of_split = {split: [entry for entry in manifest.entries if entry.split == split] for split in get_args(Split)}
    arrays = [stored for entry in manifest.entries for stored in entry.arrays]
    of_role = {role: [stored for stored in arrays if stored.role == role] for role in manifest.layout.roles}
    return DatasetCard(
        name=manifest.name,
        kind=manifest.kind,
        samples={split: len(entries) for split, entries in of_split.items()},
        groups={split: len({entry.group for entry in entries}) for split, entries in of_split.items()},
        group_by=manifest.group_by,
        files=len({part.sha256 for stored in arrays for part in (stored.parts or (stored,))}),
        left_out=len(manifest.skipped),
        roles={role: _described(found) for role, found in of_role.items() if found},
        digest=digest,
        program="",
    )


def card_text(card: DatasetCard) -> str:
    """Write a card as Markdown."""
    lines = [f"# {card.name}", "", *(f"- **{name}:** {text}" for name, text in card_rows(card))]
    return "\n".join(lines) + "\n"


def card_rows(card: DatasetCard) -> list[tuple[str, str]]:
    """Return what a card says: what each line is about, and the line; names and digests are marked as code."""
    counts = ", ".join(
        f"{counted(card.samples[split], 'sample')} of {counted(card.groups[split], 'group')} for {word}"
        for split, word in _SPLITS.items()
    )
    rows = [
        ("What it shows", card.about or _UNKNOWN),
        ("From", card.origin or _UNKNOWN),
        ("Licence", card.licence or _UNKNOWN),
        ("Kind", card.kind),
        ("Samples", f"{counts}; groups by `{card.group_by}`, never divided between splits"),
        ("Raw files", f"{card.files:,} used, {card.left_out:,} left out"),
        *((role.capitalize(), text) for role, text in card.roles.items()),
        ("Noise", "; ".join(map(_noise_text, card.noise)) or "not estimated"),
        ("Digest", f"`{card.digest}`"),
    ]
    if card.program:
        rows.append(("Prepared by", card.program))
    return [(name, _one_line(text)) for name, text in rows]


def _described(arrays: Iterable[StoredArray]) -> str:
    found = list(arrays)
    sizes = Counter(f"{stored.shape[1]} x {stored.shape[0]} px" for stored in found)
    size = " and ".join(sizes) if len(sizes) < 3 else f"{_range(found, 1)} x {_range(found, 0)} px"
    types = " and ".join(sorted({stored.dtype for stored in found}))
    channels = sorted({stored.shape[2] for stored in found})
    nm = sorted({stored.pixel_size_nm for stored in found if stored.pixel_size_nm})
    unknown = sum(not stored.pixel_size_nm for stored in found)
    pixel = f"{nm[0]:.4g} nm" if len(nm) == 1 else f"{nm[0]:.4g} to {nm[-1]:.4g} nm" if nm else "pixel size unknown"
    parts = [size, types, *([f"{channels[-1]} channels"] if channels[-1] > 1 else []), pixel]
    if nm and unknown:
        parts.append(f"pixel size of {unknown} unknown")
    if bars := sum(stored.databar_rows > 0 for stored in found):
        parts.append(f"data bar cut off {bars} of {len(found)}")
    return ", ".join(parts)


def _range(arrays: list[StoredArray], axis: int) -> str:
    sizes = [stored.shape[axis] for stored in arrays]
    return f"{min(sizes)}..{max(sizes)}"


def _noise(dataset: Dataset, progress: Progress) -> tuple[Noise, ...]:
    """Estimate the noise of evenly spaced training images of each role; images on which it fails are left out."""
    roles = dataset.manifest.layout.image_roles
    chosen = [
        (entry, role) for role in roles for entry in _spaced([e for e in dataset.entries("train") if e.has(role)])
    ]
    found = []
    for index, (entry, role) in enumerate(chosen):
        progress(index, len(chosen), "images characterised")
        if (own := _noise_of(dataset, entry, role)) is not None:
            found.append(own)
    progress(len(chosen), len(chosen), "images characterised")
    return tuple(found)


def _spaced(entries: list[Entry]) -> list[Entry]:
    step = max(1, len(entries) // _MOST_NOISE)
    return entries[::step][:_MOST_NOISE]


def _noise_of(dataset: Dataset, entry: Entry, role: Role) -> Noise | None:
    from sem_models.physics.noise_estimate.estimate import estimate_noise

    if entry.array(role).shape[2] > 1:
        return None
    try:
        found = estimate_noise(_middle(dataset.unit(entry, role)[0]))
    except UserError:
        return None
    return Noise(
        image=entry.array(role).source,
        role=role,
        dose_e_per_px=found.dose_e_per_px,
        read_noise=found.read_noise,
        banding=found.banding,
    )


def _middle(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut (H, W) to its middle where it is large: noise is the same everywhere, and its estimation takes seconds."""
    top, left = (max(0, (size - _ENOUGH_PX) // 2) for size in image.shape)
    return image[top : top + _ENOUGH_PX, left : left + _ENOUGH_PX]


def _noise_text(noise: Noise) -> str:
    dose = f"{noise.dose_e_per_px:.3g} electrons per px" if noise.dose_e_per_px else "no shot noise"
    banding = f", banding {noise.banding:.2g}" if noise.banding else ""
    return f"{noise.image}: {dose}, read noise {noise.read_noise:.2g} of the range{banding}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    part.replace(path)
