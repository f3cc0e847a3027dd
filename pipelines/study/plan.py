"""Which fields a study shows, and which question is asked about each; all from its seed."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from pipelines.study.definition import Item, ItemKind, Question, StudyDefinition, StudyKey, Trial
from sem_models.errors import UserError

_ID_LENGTH = 24
_EMPTY = 0.25
"""A crop with less than this share of the median standard deviation of the crops of its image shows nothing by which a
real picture could be told from a generated one: background, a hole, a saturated region."""


@dataclass(frozen=True)
class Field:
    """A sharp image of the dataset: the part of it that may be cut, and its true pixel size."""

    height: int
    width: int
    pixel_size_nm: float | None
    read: Callable[[], NDArray[np.float32]] | None = None
    """Reads its pixels, (C, H, W), by which empty crops are told; without it, every crop counts as good."""


@dataclass(frozen=True)
class _Crop:
    image: str
    row: int
    column: int


@dataclass(frozen=True)
class _Role:
    """What is asked about a field, and which pictures of it are needed."""

    question: Question
    catch: bool
    kinds: tuple[ItemKind, ...]
    model: str


def make_key(
    definition: StudyDefinition,
    fields: Mapping[str, Field],
    border_px: int,
    sources: Mapping[str, Field] | None = None,
) -> StudyKey:
    """Plan the trials of a study; each field is shown in only one trial, so that nobody recognises a real one.

    Args:
        definition: Its seed decides everything that is drawn.
        fields: By name of the image.
        border_px: Margin that is not shown, because models are at their worst where surroundings are missing.
        sources: Unpaired datasets: the outputs of images of the first domain; `fields` are then the real images alone,
            and the two pictures of a pair show two places.

    Raises:
        UserError: The images do not give enough crops.
    """
    rng = np.random.default_rng(definition.seed)
    roles = _roles(definition)
    crops = _crops_of_roles(definition, roles, fields, sources, border_px, rng)
    size_nm = _common_size(fields, sources) if sources else None
    items: list[Item] = []
    trials: list[Trial] = []
    for index, (role, shown) in enumerate(zip(roles, crops, strict=True)):
        own = [
            _item(definition.seed, f"{index}/{slot}", kind, role, shown[kind]) for slot, kind in enumerate(role.kinds)
        ]
        items += own
        size = size_nm if sources else fields[own[0].image].pixel_size_nm
        trials.append(_trial(opaque(definition.seed, f"trial {index}"), role, own, size))
    # In the order of random names: the order of creation would give the answer away.
    return StudyKey(
        items=tuple(sorted(items, key=lambda item: item.id)), trials=tuple(sorted(trials, key=lambda t: t.id))
    )


def opaque(seed: int, text: str) -> str:
    """Return a name that tells nothing without the seed: HMAC-SHA256 (RFC 2104), shortened to 96 bits."""
    return hmac.new(str(seed).encode(), text.encode(), hashlib.sha256).hexdigest()[:_ID_LENGTH]


def _item(seed: int, text: str, kind: ItemKind, role: _Role, crop: _Crop) -> Item:
    model = None if kind == "real" else role.model
    return Item(id=opaque(seed, text), kind=kind, model=model, image=crop.image, row=crop.row, column=crop.column)


def _trial(name: str, role: _Role, own: list[Item], pixel_size_nm: float | None) -> Trial:
    shown = tuple(sorted(item.id for item in own))
    return Trial(id=name, question=role.question, catch=role.catch, items=shown, pixel_size_nm=pixel_size_nm)


def _roles(definition: StudyDefinition) -> list[_Role]:
    questions, models = definition.questions, definition.labels
    roles = []
    for index in range(definition.trials):
        turn, question = index // len(questions), questions[index % len(questions)]
        kinds: tuple[ItemKind, ...] = ("real", "generated")
        if question == "single":
            kinds = kinds[turn % 2 :][:1]
            turn //= 2
        roles.append(_Role(question, False, kinds, models[turn % len(models)]))
    for index in range(definition.catch_trials):
        question = questions[index % len(questions)]
        wrecked: tuple[ItemKind, ...] = ("real", "wrecked") if question == "pair" else ("wrecked",)
        roles.append(_Role(question, True, wrecked, models[index % len(models)]))
    return roles


def _crops_of_roles(
    definition: StudyDefinition,
    roles: list[_Role],
    fields: Mapping[str, Field],
    sources: Mapping[str, Field] | None,
    border_px: int,
    rng: np.random.Generator,
) -> list[dict[ItemKind, _Crop]]:
    """Choose the crop of each picture; both of a pair are of one place, or of two domains."""
    if sources is None:
        crops = _crops(fields, definition, border_px, len(roles), rng)
        return [dict.fromkeys(role.kinds, crop) for role, crop in zip(roles, crops, strict=True)]
    wanted = [[kind == "real" for role in roles for kind in role.kinds].count(real) for real in (True, False)]
    real, made = (
        iter(_crops(own, definition, border_px, count, rng))
        for own, count in zip((fields, sources), wanted, strict=True)
    )
    return [{kind: next(real if kind == "real" else made) for kind in role.kinds} for role in roles]


def _common_size(*domains: Mapping[str, Field]) -> float | None:
    """Return the pixel size in nm where all images share one: otherwise it would give the domain away."""
    sizes = {field.pixel_size_nm for fields in domains for field in fields.values()}
    return sizes.pop() if len(sizes) == 1 else None


def _crops(
    fields: Mapping[str, Field], definition: StudyDefinition, border_px: int, count: int, rng: np.random.Generator
) -> list[_Crop]:
    """Choose crops that do not overlap, as evenly from all images as there is room, in random order.

    Empty ones are taken only where there are not enough others.
    """
    edge = definition.crop_px
    full, empty = [], []
    for name in rng.permutation(sorted(fields)):
        rows, columns = (range(border_px, size - border_px - edge + 1, edge) for size in _size(fields[name]))
        grid = [_Crop(str(name), row, column) for row in rows for column in columns]
        shuffled = [grid[index] for index in rng.permutation(len(grid))]
        is_empty = _are_empty(fields[name], shuffled, edge)
        full.append([crop for crop, one in zip(shuffled, is_empty, strict=True) if not one])
        empty.append([crop for crop, one in zip(shuffled, is_empty, strict=True) if one])
    in_turn = chain(zip_longest(*full), zip_longest(*empty))
    found = [crop for crop in chain.from_iterable(in_turn) if crop is not None]
    if len(found) < count:
        raise UserError(
            f"The {definition.split} split of {definition.dataset!r} gives {len(found)} crops of {edge} px, the study "
            f"needs {count} (trials and catch trials); take fewer trials, smaller crops, or another split."
        )
    return [found[index] for index in rng.permutation(count)]


def _are_empty(field: Field, crops: list[_Crop], edge: int) -> list[bool]:
    """Tell which crops of an image vary far less than most of them."""
    if field.read is None or not crops:
        return [False] * len(crops)
    pixels = field.read()
    spread = [float(pixels[:, one.row : one.row + edge, one.column : one.column + edge].std()) for one in crops]
    least = _EMPTY * float(np.median(spread))
    return [one < least for one in spread]


def _size(field: Field) -> tuple[int, int]:
    return field.height, field.width
