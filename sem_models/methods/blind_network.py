"""Blind-spot networks (Laine et al., NeurIPS 2019): denoise from single noisy images, without hiding pixels.

The network itself cannot see the pixel that it predicts, so every pixel of a patch teaches, by the likelihood of its
recorded value. Because it is blind when it is applied as well, its error is independent of the pixel's own noise, and
the posterior mean weights both by their variances. The variance of the error is not taken from the network: it is the
small rest of a variance that is mostly noise, and after short trainings it said nothing about the error. It is measured
on noisy validation images, by activity, as for masked training (`posterior_fit`).
"""

from torch import Tensor

from sem_models.config.networks.blind_spot_unet import BlindSpotUNetConfig
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.methods.base import Batch
from sem_models.methods.calibration import Calibration, PosteriorCalibration
from sem_models.methods.objective import LIKELIHOOD
from sem_models.methods.single_noisy import SingleNoisy
from sem_models.methods.stages import Stage


class BlindNetwork(SingleNoisy):
    """Learns mean and variance of every recorded pixel from those around it; the target is never used."""

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raise a `UserError` for a network that sees the pixel, for colour, and for any loss but the likelihood."""
        super().check(recipe)
        network = recipe.network
        if not isinstance(network, BlindSpotUNetConfig):
            raise UserError(
                f"Method blind-network would teach {network.kind} to copy its input; use the network blind-spot-unet."
            )
        if network.channels != 1:
            raise UserError("Method blind-network takes grey images; set network.channels to 1.")
        if [term.name for term in recipe.losses] != [LIKELIHOOD]:
            raise UserError(f"Method blind-network learns a mean and a variance; use the loss {LIKELIHOOD} alone.")

    @classmethod
    def may_turn(cls, recipe: Recipe) -> bool:
        """Return False if the network excludes the row, because scan lines must then stay horizontal."""
        return _excludes(recipe) == "pixel"

    @classmethod
    def calibration(cls, recipe: Recipe, dataset: Dataset) -> Calibration | None:
        """Return the fit of the posterior mean, which takes independent noise; None if a row shares its noise."""
        return PosteriorCalibration(recipe, dataset) if _excludes(recipe) == "pixel" else None

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return the likelihood of the noisy input under what the network makes of each pixel's surroundings."""
        return super().training_step({**batch, "target": batch["input"]}, part, stage)


def _excludes(recipe: Recipe) -> str:
    if not isinstance(recipe.network, BlindSpotUNetConfig):
        raise TypeError("method blind-network needs the network blind-spot-unet")
    return recipe.network.excludes
