"""The pictures of a study: real crops, and what the models make of the same fields, or of another domain."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.models import ResolvedModel
from pipelines.study.definition import Item, StudyDefinition, StudyKey
from pipelines.study.outputs import output_of
from pipelines.study.pictures import encode, stretch, to_levels, wreck
from sem_models.data.dataset import Dataset
from sem_models.progress import Progress

Image = NDArray[np.float32]


def render(
    definition: StudyDefinition, key: StudyKey, dataset: Dataset, models: Sequence[ResolvedModel], progress: Progress
) -> dict[str, bytes]:
    """PNG files by the opaque names of the items; the real ones of all trials together set the one grey mapping."""
    work = [
        (entry, resolved, made)
        for label, resolved in zip(definition.labels, models, strict=True)
        for entry in dataset.entries(definition.split)
        if (made := [item for item in key.items if item.model == label and item.image == entry.name])
    ]
    levels = {item.id: to_levels(crop) for item, crop in _real(definition, key, dataset)}
    table = stretch(levels.values())
    for index, (entry, resolved, made) in enumerate(work):
        output = output_of(resolved, dataset, entry)
        for item in made:
            crop = _cut(output, item, definition.crop_px)
            levels[item.id] = to_levels(wreck(crop) if item.kind == "wrecked" else crop)
        progress(index + 1, len(work), "images generated")
    return {name: encode(picture, table) for name, picture in sorted(levels.items())}


def _real(definition: StudyDefinition, key: StudyKey, dataset: Dataset) -> Iterator[tuple[Item, Image]]:
    for entry in dataset.entries(definition.split):
        own = [item for item in key.items if item.kind == "real" and item.image == entry.name]
        if own:
            sharp = dataset.unit(entry, dataset.sharp_role)
            yield from ((item, _cut(sharp, item, definition.crop_px)) for item in own)


def _cut(image: Image, item: Item, edge: int) -> Image:
    return image[:, item.row : item.row + edge, item.column : item.column + edge]
