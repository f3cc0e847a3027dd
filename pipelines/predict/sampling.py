"""Sampling of a trained diffusion model with other settings than those of its recipe."""

from collections.abc import Sequence
from dataclasses import replace

from sem_models.config.overrides import override
from sem_models.errors import SettingRef, UserError
from sem_models.inference.diffusion.model import as_diffusion
from sem_models.inference.model import UnitModel

_KEYS = "diffusion.sampling."


def resampled(model: UnitModel, changes: Sequence[str]) -> UnitModel:
    """Return the model with `diffusion.sampling.KEY=VALUE` changes: steps, guidance, samples or seed.

    Raises:
        UserError: It is another key, a value out of range, or not a diffusion model.
    """
    if not changes:
        return model
    strange = [change for change in changes if not change.strip().startswith(_KEYS)]
    if strange:
        only = f": for a trained model only {_KEYS}KEY can be set; train another one for the rest."
        raise UserError(SettingRef(strange[0]), only)
    drawing = as_diffusion(model)
    return replace(drawing, recipe=override(drawing.recipe, changes))
