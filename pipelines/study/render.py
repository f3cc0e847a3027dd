"""The pictures of a study: real crops, and the outputs of models for the same fields, or for another domain."""

import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.models import ResolvedModel
from pipelines.study.definition import Item, StudyDefinition, StudyKey
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.errors import UserError
from sem_models.evaluation.discriminator.unpaired_pairs import translated_image
from sem_models.evaluation.grey_levels import unit_output
from sem_models.images.display import DisplayWindow, display_window, to_display
from sem_models.images.intensity import UnitImage
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress
from sem_models.tasks.models import cases_for


def render(
    definition: StudyDefinition, key: StudyKey, dataset: Dataset, models: Sequence[ResolvedModel], progress: Progress
) -> dict[str, bytes]:
    """Make PNG files by the opaque names of the items; the real ones of all trials together set one grey mapping."""
    work = [
        (entry, resolved, made)
        for label, resolved in zip(definition.labels, models, strict=True)
        for entry in dataset.entries(definition.split)
        if (made := [item for item in key.items if item.model == label and item.image == entry.name])
    ]
    levels = {item.id: to_levels(crop) for item, crop in _real(definition, key, dataset)}
    table = stretch(levels.values())
    for index, (entry, resolved, made) in enumerate(work):
        output = _output_of(resolved, dataset, entry)
        for item in made:
            crop = _cut(output, item, definition.crop_px)
            levels[item.id] = to_levels(wreck(crop) if item.is_wrecked else crop)
        progress(index + 1, len(work), "images generated")
    return {name: encode(picture, table) for name, picture in sorted(levels.items())}


def _real(definition: StudyDefinition, key: StudyKey, dataset: Dataset) -> Iterator[tuple[Item, UnitImage]]:
    for entry in dataset.entries(definition.split):
        own = [item for item in key.items if item.is_real and item.image == entry.name]
        if own:
            sharp = dataset.unit(entry, dataset.sharp_role)
            yield from ((item, _cut(sharp, item, definition.crop_px)) for item in own)


def _output_of(resolved: ResolvedModel, dataset: Dataset, entry: Entry) -> NDArray[np.float32]:
    """Return the (C, H, W) output on a whole image, of the shape of its truth where there is one.

    Raises:
        UserError: The shape differs, which would show at once which picture is generated.
    """
    if dataset.manifest.layout.is_unpaired:
        output = translated_image(Predictor(resolved.model), dataset, entry)
        real = {e.array("target").shape[2] for e in dataset.manifest.entries if e.has("target")}
        fits, shape = real == {len(output)}, f"{sorted(real)} channels"
    else:
        case = cases_for(resolved.model, dataset, resolved.degradation)(entry)
        output = unit_output(Predictor(resolved.model), case.input, case.limits)
        fits, shape = output.shape == case.target.shape, str(case.target.shape)
    if not fits:
        raise UserError(
            f"{resolved.model.name} makes {output.shape} (channels, rows, columns) of {entry.name}, but the real image "
            f"has {shape}: they cannot be shown side by side. Choose another model or dataset."
        )
    return output


def _cut(image: UnitImage, item: Item, edge: int) -> UnitImage:
    return image[:, item.row : item.row + edge, item.column : item.column + edge]


_MOSAIC = 8
"""Blocks along an edge of a wrecked picture, which nobody who looks takes for a micrograph."""


def to_levels(crop: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn (C, H, W) unit intensity into (H, W) or (H, W, 3) with 256 levels.

    Real 8-bit images have no more; without this, the number of levels would tell them from outputs.
    """
    return to_display(crop.transpose(1, 2, 0), DisplayWindow(0.0, 1.0))


def stretch(real: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return a table of 256 screen greys for all pictures of a study, from percentiles of all real ones together.

    A window for each picture would reveal the ends of its histogram.
    """
    pooled = np.concatenate([levels.ravel() for levels in real])
    return to_display(np.arange(256), display_window([pooled]))


def wreck(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn (C, H, W) into a mosaic of block means, for catch trials."""
    wrecked = crop.copy()
    for rows in np.array_split(np.arange(crop.shape[1]), _MOSAIC):
        for columns in np.array_split(np.arange(crop.shape[2]), _MOSAIC):
            block = slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            wrecked[block] = crop[block].mean(axis=(1, 2), keepdims=True)
    return wrecked


def encode(levels: NDArray[np.uint8], table: NDArray[np.uint8]) -> bytes:
    """Encode as PNG without metadata and without compression: a smooth picture would be the shorter file."""
    buffer = io.BytesIO()
    Image.fromarray(table[levels]).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()
