"""Noise2Void (Krull et al., CVPR 2019): denoise from single noisy images.

Some input pixels are replaced and the network has to predict their values. Noise that is independent between pixels
cannot be predicted from the neighbours, so the best prediction is the signal. Replacing by the median follows N2V2
(Höck et al., ECCV Workshops 2022), masking along the scan line structN2V (Broaddus et al., ISBI 2020).
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sem_models.config.method_settings import BlindSpot
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import SettingRef, UserError
from sem_models.methods.base import Batch
from sem_models.methods.blind_mask import at, draw_places, hide, stretches
from sem_models.methods.calibration import Calibration, PosteriorCalibration
from sem_models.methods.single_noisy import SingleNoisy
from sem_models.methods.stages import Stage

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class BlindSpotRestoration(SingleNoisy):
    """Learns to predict hidden pixels of the noisy input from their surroundings; the target is never used."""

    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        super().__init__(recipe, fabric)
        self._settings = _settings(recipe)

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raise a `UserError` for any loss but the squared error, and for patches too small for the mask."""
        super().check(recipe)
        hidden = _settings(recipe)
        if [term.name for term in recipe.losses] != ["mse"]:
            raise UserError(
                "Method blind-spot predicts the mean of a pixel's possible values, which takes the squared error; use "
                "the loss mse alone."
            )
        least = max(*hidden.box, 2 * hidden.radius + 1, 2 * hidden.line_px + hidden.stretch_px)
        if recipe.train.patch < least:
            raise UserError(
                f"The mask needs patches of at least {least} px, not {recipe.train.patch}; raise train.patch."
            )

        if hidden.uses_pixel and capabilities(recipe.network).channels_in != 1:
            raise UserError(
                "The posterior mean takes grey images; use ", SettingRef("blind_spot.estimate", "prediction"), "."
            )

    @classmethod
    def may_turn(cls, recipe: Recipe) -> bool:
        """Return False if the mask follows scan lines, which must stay horizontal."""
        return not _settings(recipe).follows_lines

    @classmethod
    def calibration(cls, recipe: Recipe, dataset: Dataset) -> Calibration | None:
        """Return the fit of the posterior mean, if the recipe asks for it."""
        hidden = _settings(recipe)
        return PosteriorCalibration(recipe, dataset, hidden.follows_lines) if hidden.uses_pixel else None

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses by name, over the hidden pixels only."""
        noisy = batch["input"]
        # The CPU's default generator: checkpoints hold its state, so that a resumed run hides the same pixels.
        generator = torch.default_generator
        count, _, height, width = noisy.shape
        places = draw_places(count, height, width, self._settings.box, generator)
        output = self.networks[part](hide(noisy, places, self._settings, generator))
        compared = stretches(places, self._settings, width)
        return self._objective.compare(at(output, compared), at(noisy, compared))


def _settings(recipe: Recipe) -> BlindSpot:
    if recipe.blind_spot is None:
        raise TypeError("method blind-spot needs the settings `blind_spot`")
    return recipe.blind_spot
