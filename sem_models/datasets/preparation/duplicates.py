"""Images of one field in several files or pages: what is used once, and which groups are joined because of it."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from scipy.cluster.hierarchy import DisjointSet

from sem_models.counts import counted
from sem_models.datasets.preparation.memory import NO_MEMORY, Memory, key_of
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.sources import LeftOut
from sem_models.datasets.splits.common_field import links
from sem_models.datasets.splits.sections import find_sections
from sem_models.errors import FieldRef, Message, UserError
from sem_models.progress import Progress

_MANY_NAMES = 3
_MANY_NOTES = 5
_SWITCH = FieldRef("join_same_field")


@dataclass(frozen=True)
class Duplicates:
    """Images that show the same field, wholly or in part."""

    sources: tuple[str, ...]
    group: str
    """The group that all of them are in."""
    are_copies: bool
    """Whether all have exactly equal pixels."""
    groups_by_name: int
    """Number of groups in which they would be by their names."""

    def note(self) -> str:
        """Describe them in a sentence or two."""
        names = ", ".join(self.sources[:_MANY_NAMES])
        more = len(self.sources) - _MANY_NAMES
        names += f" and {more:,} more" if more > 0 else ""
        count = counted(len(self.sources), "image")
        what = "have equal pixels" if self.are_copies else "show the same field, wholly or in part"
        joined = f", although their names gave {self.groups_by_name:,}" if self.groups_by_name > 1 else ""
        return f"{count} {what}: {names}. They are in one group, {self.group!r}{joined}."


@dataclass(frozen=True)
class FoundDuplicates:
    """All duplicates of a plan, and what they make of its groups."""

    sets: tuple[Duplicates, ...] = ()
    joined: Mapping[str, str] = field(default_factory=dict)
    """The group that another group, found in file names, is part of."""

    def notes(self) -> tuple[Message, ...]:
        """Return a note for each of the largest sets, and one that counts the others."""
        ordered = sorted(self.sets, key=lambda found: -len(found.sources))
        notes = [Message(found.note()) for found in ordered[:_MANY_NOTES]]
        if (rest := len(ordered) - _MANY_NOTES) > 0:
            notes.append(Message(f"{counted(rest, 'more set')} of images that show the same field."))
        return tuple(notes)

    def explained(self, error: UserError) -> UserError:
        """Return an error about too few groups, with the reason for which there are so few."""
        if not self.joined:
            return error
        notes = [part for note in self.notes() for part in (" ", note)]
        return UserError(error.message, *notes, " If they are different specimens, switch off ", _SWITCH, ".")


def without_repeated_pages(images: Sequence[PlannedImage]) -> tuple[list[PlannedImage], list[LeftOut]]:
    """Return the images without samples whose pages all repeat earlier pages of the same files, and why.

    A page that repeats only in one role is kept, for example the clean target of several noisy frames.
    """
    samples: dict[str, list[PlannedImage]] = defaultdict(list)
    for image in images:
        samples[image.sample].append(image)
    first: dict[tuple[tuple[str, ...], ...], str] = {}
    lost: dict[str, LeftOut] = {}
    for name, parts in samples.items():
        # Unpaired files of the same name are one sample name with two roles, but never one file.
        key = tuple(sorted((part.role, str(part.part), str(part.path), part.content) for part in parts))
        original = first.setdefault(key, name)
        if original != name:
            lost[name] = LeftOut(name, Message(f"{name}: identical to page {original}, which is used once."))
    return [image for image in images if image.sample not in lost], list(lost.values())


def find_duplicates(images: Sequence[PlannedImage], progress: Progress, memory: Memory = NO_MEMORY) -> FoundDuplicates:
    """Find images of the same field in different groups, and exact copies in any; images of one role are compared.

    Serial sections are not compared with each other: neighbours resemble one another throughout a block, which would
    become a single group.

    Args:
        images: Images with the groups that were found in their names.
        progress: Called after all comparisons with one image.
        memory: Keeps what was found, so that the same images are not compared again.
    """
    shown = [image for image in images if image.role != "mask"]
    pairs = _copies(shown)
    for role in dict.fromkeys(image.role for image in shown):
        pairs += _near(shown, role, progress, memory)
    groups, together = DisjointSet({image.group for image in shown}), DisjointSet(range(len(shown)))
    for first, second in pairs:
        groups.merge(shown[first].group, shown[second].group)
        together.merge(first, second)
    names = {group: min(members) for members in groups.subsets() for group in members}
    found = [sorted(indices) for indices in together.subsets() if len(indices) > 1]
    sets = [_described([shown[index] for index in indices], names) for indices in found]
    joined = {group: name for group, name in names.items() if group != name}
    return FoundDuplicates(tuple(sorted(sets, key=lambda one: one.sources)), joined)


def _described(images: Sequence[PlannedImage], names: Mapping[str, str]) -> Duplicates:
    return Duplicates(
        sources=tuple(image.source for image in images),
        group=names[images[0].group],
        are_copies=len({image.content for image in images}) == 1,
        groups_by_name=len({image.group for image in images}),
    )


def _copies(shown: Sequence[PlannedImage]) -> list[tuple[int, int]]:
    first: dict[tuple[str, str], int] = {}
    found = [(first.setdefault((image.role, image.content), index), index) for index, image in enumerate(shown)]
    return [(original, index) for original, index in found if original != index]


def _near(shown: Sequence[PlannedImage], role: str, progress: Progress, memory: Memory) -> list[tuple[int, int]]:
    """Compare one image of each content."""
    originals: dict[str, int] = {}
    for index, image in enumerate(shown):
        if image.role == role:
            originals.setdefault(image.content, index)
    block_of = {name: found.before for found in find_sections([i.sample for i in shown]) for name in found.names}
    chosen = list(originals.values())
    own = [_belongs_to(shown[index], block_of) for index in chosen]
    prints = [shown[index].fingerprint for index in chosen]
    key = key_of(
        "links", own, [None if one is None else (one.shape, sha256(one.tobytes()).hexdigest()) for one in prints]
    )
    kept = memory.recall(key)
    pairs = links(prints, own, progress) if kept is None else json.loads(kept)
    if kept is None:
        memory.keep(key, json.dumps(pairs).encode())
    return [(chosen[first], chosen[second]) for first, second in pairs]


def _belongs_to(image: PlannedImage, block_of: Mapping[str, str]) -> tuple[str, str]:
    block = block_of.get(image.sample)
    return ("group", image.group) if block is None else ("sections", block)
