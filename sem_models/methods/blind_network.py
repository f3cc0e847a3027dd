"""Blind-spot networks (Laine et al., NeurIPS 2019): denoise from single noisy images, without hiding pixels.

The network itself cannot see the pixel that it predicts, so every pixel of a patch teaches, by the likelihood of its
recorded value. Because it is blind when it is applied as well, its error is independent of the pixel's own noise, and
the posterior mean of both is known in closed form once the noise has been measured.
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
        """Return the measurement of the noise; None if a pixel shares its noise with its row.

        The neighbours would then say more about its noise than the pixel alone, which the closed form leaves out.
        """
        if _excludes(recipe) == "row":
            return None
        return PosteriorCalibration(recipe, dataset)

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return the likelihood of the noisy input under what the network makes of each pixel's surroundings."""
        return super().training_step({**batch, "target": batch["input"]}, part, stage)


def _excludes(recipe: Recipe) -> str:
    if not isinstance(recipe.network, BlindSpotUNetConfig):
        raise TypeError("method blind-network needs the network blind-spot-unet")
    return recipe.network.excludes
