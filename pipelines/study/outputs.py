"""What the models of a study make of an image, beside its truth or, in unpaired datasets, without one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.models import ResolvedModel
from pipelines.study.definition import StudyDefinition
from pipelines.study.plan import Field
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.errors import UserError
from sem_models.evaluation.discriminator.unpaired_pairs import source_image
from sem_models.evaluation.evaluate import cases_for
from sem_models.inference.label_maps import label_recipe
from sem_models.inference.predictor import Predictor

Image = NDArray[np.float32]


def require_outputs(resolved: ResolvedModel, dataset: Dataset) -> None:
    """UserError where a model gives nothing that could be shown beside real images of the dataset."""
    if dataset.manifest.kind != "unpaired" or label_recipe(resolved.model):
        cases_for(resolved.model, dataset, resolved.degradation)


def source_fields(dataset: Dataset, definition: StudyDefinition, models: Sequence[ResolvedModel]) -> dict[str, Field]:
    """Of an unpaired dataset: what all models make of images of the first domain.

    Raises:
        UserError: Models enlarge by different factors, and so show different magnifications of one image.
    """
    scales = {resolved.model.capabilities.scale for resolved in models}
    if len(scales) > 1:
        raise UserError("The models enlarge by different factors; ask about those of one factor together.")
    (scale,) = scales
    fields = {}
    for entry in dataset.entries(definition.split):
        if entry.has("input"):
            stored = entry.array("input")
            size = stored.pixel_size_nm / scale if stored.pixel_size_nm else None
            fields[entry.name] = Field(stored.shape[0] * scale, stored.shape[1] * scale, size)
    return fields


def output_of(resolved: ResolvedModel, dataset: Dataset, entry: Entry) -> Image:
    """(C, H, W) output on a whole image, of the shape of its truth where there is one.

    Raises:
        UserError: Another number of channels would tell at once which picture is generated.
    """
    if dataset.manifest.kind == "unpaired":
        output = Predictor(resolved.model).predict_unit(source_image(resolved.model, dataset, entry))
        real = {e.array("target").shape[2] for e in dataset.manifest.entries if e.has("target")}
        fits, shape = real == {len(output)}, f"{sorted(real)} channels"
    else:
        case = cases_for(resolved.model, dataset, resolved.degradation)(entry)
        output = Predictor(resolved.model).predict_unit(case.input)
        fits, shape = output.shape == case.target.shape, str(case.target.shape)
    if not fits:
        raise UserError(
            f"{resolved.model.name} makes {output.shape} (channels, rows, columns) of {entry.name}, the real image has "
            f"{shape}; they cannot be shown side by side. Choose another model or dataset."
        )
    return output
