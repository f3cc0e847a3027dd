"""The plan of a preparation, made before anything is cut or written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sem_models.counts import counted
from sem_models.datasets.labels import LabelMap, find_labels
from sem_models.datasets.manifest import Split
from sem_models.datasets.preparation.aligned_pairs import AlignedPair, align_pairs, registration_notes, without_rejected
from sem_models.datasets.preparation.arrangements import find_candidates
from sem_models.datasets.preparation.corrections import Corrections
from sem_models.datasets.preparation.domain_splits import split_domains, with_splits
from sem_models.datasets.preparation.duplicates import FoundDuplicates, find_duplicates, without_repeated_pages
from sem_models.datasets.preparation.memory import NO_MEMORY, Memory
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.planned_file import FileReader
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import plan_resampling
from sem_models.datasets.preparation.sources import LeftOut
from sem_models.datasets.preparation.stacking import stacked
from sem_models.datasets.preparation.suspected_masks import few_levels_note
from sem_models.datasets.splits.advice import group_notes
from sem_models.datasets.splits.grouping import assign_splits, empty_splits, group_of, guess_group_pattern
from sem_models.errors import FieldRef, Message, UserError
from sem_models.progress import Progress, silent

_CORRECTIONS = FieldRef("corrections")


@dataclass(frozen=True)
class Plan:
    """The plan of a preparation, to be shown to the user and then carried out."""

    options: PrepareOptions
    group_by: str
    images: tuple[PlannedImage, ...]
    skipped: tuple[LeftOut, ...]
    notes: tuple[Message, ...] = ()
    """Notes for the user to check before writing."""
    pairs: tuple[AlignedPair, ...] = ()
    """All pairs, including those that were rejected."""
    labels: LabelMap | None = None
    """The classes of a masked dataset."""
    target_group_by: str | None = None
    """Group pattern of the second domain of an unpaired dataset, if it differs from `group_by`."""
    duplicates: FoundDuplicates = field(default_factory=FoundDuplicates)
    """Images that show the same field, which are always in one group."""
    excluded: tuple[PlannedImage, ...] = ()
    """Images that could be used, but are left out by hand."""

    def pair(self, sample: str) -> AlignedPair | None:
        """Return the pair of a sample; None if the sample is not a pair."""
        return next((pair for pair in self.pairs if pair.input.sample == sample), None)


def plan_dataset(options: PrepareOptions, progress: Progress = silent, memory: Memory = NO_MEMORY) -> Plan:
    """Plan a dataset: read files, find data bars, register pairs, find images of one field, assign splits.

    Args:
        options: Which files, and how they are prepared.
        progress: Called after each file, pair and comparison.
        memory: Keeps what was found in files and pairs, so that it is not looked for again in the next plan.

    Raises:
        UserError: No usable image was found, options contradict each other, or there are too few groups for the splits.
    """
    images, skipped, notes = _read(options, progress, memory)
    corrections = Corrections(options.corrections)
    corrections.refuse_unknown(
        [*(one.source for image in images for one in (image, *image.parts)), *(lost.source for lost in skipped)]
    )
    images, excluded = _without_excluded(images, options)
    lost = (*skipped, *(LeftOut(image.source, Message(f"{image.source}: left out by hand.")) for image in excluded))
    notes = (*notes, *_mask_notes(images, options), *map(Message, plan_resampling(images, options)))
    notes += tuple(Message(f"{image.source}: {image.scale_warning}.") for image in images if image.scale_warning)
    pairs = align_pairs(images, options, progress, memory)
    images, rejected = without_rejected(images, pairs)
    notes += registration_notes(pairs, options)
    lost += tuple(rejected)
    if options.layout.is_unpaired:
        plan = _of_domains(options, images, lost, notes, progress, memory)
    else:
        plan = _of_samples(options, images, excluded, lost, notes, progress, memory)
    return replace(plan, pairs=tuple(pairs), excluded=tuple(excluded))


def _of_samples(
    options: PrepareOptions,
    images: list[PlannedImage],
    excluded: list[PlannedImage],
    lost: tuple[LeftOut, ...],
    notes: tuple[Message, ...],
    progress: Progress,
    memory: Memory,
) -> Plan:
    pattern = options.group_by or guess_group_pattern([within_category(image) for image in images])
    labels = (
        find_labels([image.labels for image in images if image.role == "mask"]) if options.layout.has_masks else None
    )
    notes += tuple(map(Message, labels.notes)) if labels else ()
    grouped, unused = (_grouped(some, pattern, options) for some in (images, excluded))
    duplicates = find_duplicates(grouped, progress, memory) if options.join_same_field else FoundDuplicates()
    before = (
        find_duplicates([*grouped, *unused], progress, memory) if unused and options.join_same_field else duplicates
    )
    planned = _with_splits(grouped, unused, duplicates, before.joined, lost, options)
    notes += (*duplicates.notes(), *_group_notes(planned, options))
    return Plan(options, pattern, planned, lost, notes, labels=labels, duplicates=duplicates)


def _grouped(images: Sequence[PlannedImage], pattern: str, options: PrepareOptions) -> list[PlannedImage]:
    # A category is not a specimen: only a pattern of the user finds groups in the names of their folders.
    names = [image.sample if options.group_by else within_category(image) for image in images]
    named = [replace(image, group=group_of(name, pattern)) for image, name in zip(images, names, strict=True)]
    return Corrections(options.corrections).grouped(named, paired=True)


def _without_excluded(
    images: list[PlannedImage], options: PrepareOptions
) -> tuple[list[PlannedImage], list[PlannedImage]]:
    """Return the images that are used, and those that the user leaves out with the rest of their samples.

    Raises:
        UserError: None is used.
    """
    paired = not options.layout.is_unpaired
    unused = Corrections(options.corrections).unused(images, paired=paired)
    kept: list[PlannedImage] = []
    excluded: list[PlannedImage] = []
    for image in images:
        (excluded if (image.sample, None if paired else image.role) in unused else kept).append(image)
    if not kept:
        raise UserError("All images are left out by hand; use some of them: change ", FieldRef("corrections"), ".")
    return kept, excluded


def _read(
    options: PrepareOptions, progress: Progress, memory: Memory
) -> tuple[list[PlannedImage], tuple[LeftOut, ...], tuple[Message, ...]]:
    """Read all files; return the images of complete samples, what is left out, and notes."""
    found, skipped, notes = find_candidates(options)
    images: list[PlannedImage] = []
    reader = FileReader(options, memory)
    for index, candidate in enumerate(found):
        try:
            images += reader.read(candidate)
        except UserError as error:
            skipped.append(LeftOut(candidate.name, error.message))
        progress(index + 1, len(found), "files read")
    images, incomplete = _complete_samples(images, options)
    images, repeated = without_repeated_pages(images)
    images = stacked(images)
    lost = (*skipped, *incomplete, *repeated)
    if not images:
        reasons = [part for item in lost[:3] for part in ("; ", item.reason)][1:]
        raise UserError(f"No usable image in {', '.join(map(str, options.raw))}. ", *reasons)
    if repeated:
        repeats = counted(len(repeated), "page")
        notes += (Message(f"{repeats} of files repeat earlier pages and are left out, such as {repeated[0].source}."),)
    return images, lost, notes


def _mask_notes(images: list[PlannedImage], options: PrepareOptions) -> tuple[Message, ...]:
    """Return a note on images that look like masks; inputs and a whole domain may well be masks or drawings."""
    if options.layout.is_paired or options.layout.has_masks:
        return ()
    by_role = [[image for image in images if image.role == role] for role in options.layout.roles]
    mixed = [part for part in by_role if len(by_role) == 1 or any(image.mask_levels is None for image in part)]
    return few_levels_note([image for part in mixed for image in part])


def _of_domains(
    options: PrepareOptions,
    images: list[PlannedImage],
    lost: tuple[LeftOut, ...],
    notes: tuple[Message, ...],
    progress: Progress,
    memory: Memory,
) -> Plan:
    found = split_domains(images, options, progress, memory)
    return Plan(
        options,
        found.group_by,
        found.images,
        lost,
        (*notes, *map(Message, found.notes), *found.duplicates.notes(), *_group_notes(found.images, options)),
        target_group_by=found.target_group_by,
        duplicates=found.duplicates,
    )


def _complete_samples(images: list[PlannedImage], options: PrepareOptions) -> tuple[list[PlannedImage], list[LeftOut]]:
    """Leave out samples of which a file could not be used."""
    needed = options.layout.images_per_sample + len(options.extra_inputs)
    count: dict[str, int] = {}
    for image in images:
        count[image.sample] = count.get(image.sample, 0) + 1
    whole = [image for image in images if count[image.sample] >= needed]
    lost = [image for image in images if count[image.sample] < needed]
    return whole, [LeftOut(i.source, Message(f"{i.source}: its partner could not be used.")) for i in lost]


def _with_splits(
    grouped: list[PlannedImage],
    unused: list[PlannedImage],
    duplicates: FoundDuplicates,
    joined_before: Mapping[str, str],
    lost: Sequence[LeftOut],
    options: PrepareOptions,
) -> tuple[PlannedImage, ...]:
    """Assign the splits, so that leaving an image out moves no other one, unless a split would remain empty.

    Args:
        grouped: The images that are used.
        unused: Those that are left out by hand. At first they count as if they were used.
        duplicates: Of the images that are used.
        joined_before: The group that another group is part of, if all images were used.
        lost: What is left out, for messages.
        options: Decide seed and test groups.
    """
    joined = duplicates.joined
    stated = folder_splits_of_groups(grouped, joined) | Corrections(options.corrections).splits(grouped, joined)
    for counted_too, of_all in ((unused, joined_before), ([], joined)):
        images = (*grouped, *counted_too)
        samples = {image.sample: image for image in images}.values()
        groups, strata = [image.group for image in samples], [image.category for image in samples]
        of_folders = folder_splits_of_groups(images, of_all)
        try:
            found = assign_splits(groups, options.seed, options.test_groups, of_all, strata, of_folders)
        except UserError as error:
            raise _with_left_out(duplicates.explained(error), lost) from error
        splits = {joined.get(own, own): found[of_all.get(own, own)] for own in (image.group for image in grouped)}
        planned = with_splits(grouped, splits | stated, joined)
        empty = empty_splits(image.split for image in planned)
        if not empty:
            return planned
    raise UserError(f"No image is left for {' and '.join(empty)}; move another group there, with ", _CORRECTIONS, ".")


def within_category(image: PlannedImage) -> str:
    """Return the name of a sample without the folder that is its category."""
    return image.sample.removeprefix(f"{image.category}/")


def folder_splits_of_groups(images: Sequence[PlannedImage], joined: Mapping[str, str]) -> dict[str, Split]:
    """Return the split that folders name for each group; test goes before validation if they name several."""
    named: dict[str, set[Split]] = {}
    for image in images:
        if image.stated_split:
            named.setdefault(joined.get(image.group, image.group), set()).add(image.stated_split)
    order: tuple[Split, ...] = ("test", "val", "train")
    return {group: next(split for split in order if split in found) for group, found in named.items()}


def _with_left_out(error: UserError, lost: Sequence[LeftOut]) -> UserError:
    """Say what was left out, because groups may be too few for that reason alone."""
    if not lost:
        return error
    more = f" And {len(lost) - 1} more." if len(lost) > 1 else ""
    return UserError(error.message, " Left out: ", lost[0].reason, more)


def _group_notes(planned: Sequence[PlannedImage], options: PrepareOptions) -> tuple[Message, ...]:
    """Return notes on the groups of each set of files that is grouped by itself."""
    roles = options.layout.roles if options.layout.is_unpaired else options.layout.roles[:1]
    notes: list[Message] = []
    for role in roles:
        shown = [image for image in planned if image.role == role]
        groups = {image.source: image.group_by_name or image.group for image in shown}
        notes += group_notes(groups, {image.source: image.split for image in shown})
    return tuple(dict.fromkeys(notes))


def class_shares(plan: Plan) -> dict[int, float]:
    """Return the fraction of all mask pixels for the raw value of each class; empty if there are no masks."""
    if plan.labels is None:
        return {}
    shares = plan.labels.shares([image.labels for image in plan.images if image.role == "mask"])
    return dict(zip(plan.labels.values, shares, strict=True))


def class_lines(plan: Plan) -> list[str]:
    """Describe each class in one line for the user."""
    shares = class_shares(plan).items()
    return [f"Class {index}: label {value}, {share:.2%} of the masks" for index, (value, share) in enumerate(shares)]
