"""Scoring of restorations and translations: recorded pairs, or inputs simulated from sharp images."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import torch

from sem_models.config.degradation import Degradation
from sem_models.datasets.columns import columns_of
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.errors import UserError
from sem_models.evaluation.benchmark import Benchmark
from sem_models.evaluation.grey_levels import shared_limits
from sem_models.evaluation.scorer import Case, Scorer
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.physics.degrade import degrade_with_blur
from sem_models.physics.downsampling import crop_to_multiple


def restoration_benchmark(
    dataset: Dataset, degradation: Degradation, scale: int, baselines: Sequence[UnitModel]
) -> Benchmark:
    """Return the benchmark of outputs against the sharp image, without a border of `scale` pixels.

    Args:
        dataset: A dataset with references (`require_reference`). Single images are degraded here, with a seed from
            their name; paired ones contain their input.
        degradation: Its scale must be that of the model.
        scale: How many times the model enlarges.
        baselines: Baselines that appear in the table of every model.
    """
    return Benchmark(
        dataset=dataset,
        case_of=lambda entry: make_case(dataset, entry, degradation, scale),
        scorer=Scorer(),
        baselines=baselines,
        inputs=describe_input(dataset, degradation),
        border_px=scale,
    )


def require_reference(dataset: Dataset, degradation: Degradation) -> None:
    """Refuse datasets without a reference for outputs; raises a `UserError`."""
    name, layout = dataset.manifest.name, dataset.manifest.layout
    if layout.is_unpaired:
        raise UserError(
            f"Dataset {name!r} is unpaired: its inputs have no reference to be scored against. Score on a paired "
            "dataset, or on single images, which are degraded by the recipe's forward model."
        )
    if not layout.is_paired and degradation.is_empty:
        # Without a degradation, input and target are the same image and the identity would be perfect.
        raise UserError(
            f"The model takes the images of {name!r} as they are, so there is no reference to score against; use "
            "scores without a reference, or a paired dataset."
        )


def input_and_target(
    dataset: Dataset, entry: Entry, degradation: Degradation, scale: int
) -> tuple[UnitImage, UnitImage]:
    """Return the (C, h, w) input and the (C, h x scale, w x scale) target in unit intensity."""
    case = make_case(dataset, entry, degradation, scale)
    return case.input, case.target


def make_case(dataset: Dataset, entry: Entry, degradation: Degradation, scale: int) -> Case:
    """Make the input of a method and its target from one entry, the same each time by a seed from its name.

    Raises:
        UserError: The scales of model, pair and forward model do not agree.
    """
    sharp = dataset.unit(entry, dataset.sharp_role)
    size = entry.array(dataset.sharp_role).pixel_size_nm
    limits = shared_limits(dataset, (entry, dataset.manifest.layout.image_roles[0]), (entry, dataset.sharp_role))
    if dataset.manifest.layout.is_paired:
        low = dataset.unit(entry, "input")
        if tuple(size * scale for size in low.shape[1:]) != sharp.shape[1:]:
            raise UserError(f"{entry.name}: the input is not {scale} times smaller than the target; use another scale.")
        return Case(low, sharp, scale, None, size, is_pair=True, limits=limits)
    if degradation.scale != scale:
        raise UserError(
            f"The model enlarges {scale} times, but degradation.scale is {degradation.scale}; make them equal."
        )
    simulated = _simulated(sharp, entry.name, degradation, size)
    return replace(simulated, limits=limits, columns=columns_of(dataset, entry), dose_e_per_px=_dose(degradation))


def _simulated(sharp: UnitImage, name: str, degradation: Degradation, pixel_size_nm: float | None) -> Case:
    tensor = crop_to_multiple(torch.from_numpy(sharp)[None], degradation.scale)
    generator = torch.Generator().manual_seed(image_seed(name))
    low, blur = degrade_with_blur(tensor, degradation, generator)
    partial = degradation.blur is not None and degradation.blur.region == "partial" and degradation.scale == 1
    return Case(
        input=low[0].numpy(),
        target=tensor[0].numpy(),
        scale=degradation.scale,
        downsampling=degradation.downsampling,
        pixel_size_nm=pixel_size_nm,
        blur=blur[0].numpy() if partial and blur is not None else None,
    )


def _dose(degradation: Degradation) -> float | None:
    """Return the dose of all inputs; None if it varies, or if the inputs are blurred or reduced as well."""
    dose = degradation.dose_e_per_px
    return None if isinstance(dose, tuple) or degradation.scale > 1 or degradation.blur else dose


def describe_input(dataset: Dataset, degradation: Degradation) -> str:
    """Describe where the inputs come from, so that a reader knows whether two tables can be compared."""
    if dataset.manifest.layout.is_paired:
        return "paired"
    # Absent parts are not listed, so that tables from before they existed stay comparable.
    absent = {part for part in ("blur", "scan") if getattr(degradation, part) is None}
    return degradation.model_dump_json(exclude=absent)


def image_seed(name: str) -> int:
    """Return the seed of the simulated input of an image, the same in every evaluation."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
