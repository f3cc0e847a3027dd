"""Use cases: measure what a training will cost, or which learning rate it can bear, before anything starts.

Both train the real recipe on the real dataset for some steps, in a folder that is thrown away; no run is created.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.jobs.slots import slot_names, try_slot, use_slot
from pipelines.train.create import asked_recipe, resolved
from pipelines.train.requests import FindRateRequest, ProbeRequest, RecipeRequest
from sem_models.errors import UserError
from sem_models.progress import Progress, silent

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe
    from sem_models.datasets.dataset import Dataset


def probe(request: ProbeRequest, progress: Progress = silent) -> dict[str, Any]:
    """Measure ten steps of each stage, a validation and a checkpoint.

    Returns:
        The fields of `Cost`, its `steps` and `total_s`, and `alone`: whether no training ran beside it.

    Raises:
        UserError: The training could not start either, or all GPUs are in use.
    """
    from sem_models.training.probe import probe as measure

    with _prepared(request) as (recipe, dataset, initial), _slot() as alone, tempfile.TemporaryDirectory() as folder:
        cost = measure(recipe, dataset, Path(folder), initial, progress)
    return {**asdict(cost), "steps": cost.steps, "total_s": cost.total_s, "alone": alone}


def find_rate(request: FindRateRequest, progress: Progress = silent) -> dict[str, Any]:
    """Train a step at each of many growing learning rates.

    Returns:
        The fields of `RateRange`.

    Raises:
        UserError: The training could not start either, it begins with a discriminator, or all GPUs are in use.
    """
    from sem_models.training.rate_range import find_rate as test

    with _prepared(request) as (recipe, dataset, initial), _slot():
        return asdict(test(recipe, dataset, initial, progress))


def _prepared(
    request: RecipeRequest,
) -> "contextlib.AbstractContextManager[tuple[Recipe, Dataset, Path | None]]":
    return resolved(asked_recipe(request), request.dataset, request.init)


@contextlib.contextmanager
def _slot() -> Iterator[bool]:
    """Hold a slot, so that no training begins meanwhile; gives whether one was free. A busy CPU is shared."""
    slot = try_slot()
    if slot is None and slot_names()[0].startswith("gpu"):
        raise UserError("All GPUs are training, and nothing may take memory from them; try again when one is free.")
    if slot is not None:
        use_slot(slot)
    try:
        yield slot is not None
    finally:
        if slot is not None:
            slot.release()
