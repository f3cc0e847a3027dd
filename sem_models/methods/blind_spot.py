"""Noise2Void (Krull et al., CVPR 2019): denoise from single noisy images.

Some input pixels are replaced and the network must tell what they were. Noise that is independent from pixel to pixel
cannot be told from the neighbours, so the best answer is the signal. Replacement by the median is that of N2V2 (Höck
et al., ECCV Workshops 2022), a mask along the scan line that of structN2V (Broaddus et al., ISBI 2020).
"""

import torch
from lightning_fabric import Fabric
from torch import Tensor

from sem_models.config.method_settings import BlindSpot
from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest
from sem_models.errors import FieldRef, UserError
from sem_models.methods.base import Batch, Truth, Views
from sem_models.methods.blind_mask import at, draw_places, hide, stretches
from sem_models.methods.noisy_only import NoisyOnly
from sem_models.methods.stages import Stage


class BlindSpotRestoration(NoisyOnly):
    """Learns hidden pixels of the noisy input from what is around them; the target of a batch is never looked at."""

    def __init__(self, recipe: Recipe, fabric: Fabric) -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        super().__init__(recipe, fabric)
        self._settings = _settings(recipe)

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raises a `UserError` for another loss than the squared error, and where patch and mask do not go together."""
        super().check(recipe)
        hidden = _settings(recipe)
        if [term.name for term in recipe.losses] != ["mse"]:
            raise UserError(
                "Method blind-spot learns the mean of what a pixel may be, by the loss mse alone; use that."
            )
        least = max(*hidden.box, 2 * hidden.radius + 1, 2 * hidden.line_px + hidden.stretch_px)
        if recipe.train.patch < least:
            raise UserError(
                f"The mask needs patches of {least} px at least, not {recipe.train.patch}; raise train.patch."
            )

    @classmethod
    def check_dataset(cls, recipe: Recipe, manifest: Manifest) -> None:
        """Raises a `UserError` for pairs."""
        super().check_dataset(recipe, manifest)
        if manifest.layout.is_paired:
            raise UserError(
                "Method blind-spot learns from single images; prepare the noisy ones without ",
                FieldRef("target"),
                ", or use noise2noise for two frames of each field.",
            )

    @classmethod
    def views(cls, recipe: Recipe, manifest: Manifest, roles: tuple[Role, ...]) -> Views:
        """One noisy frame of each field."""
        return super().views(recipe, manifest, roles)._replace(roles=("input",))

    @classmethod
    def may_turn(cls, recipe: Recipe) -> bool:
        """A mask along scan lines needs them where the microscope drew them."""
        return not _settings(recipe).follows_lines

    @classmethod
    def truth(cls, recipe: Recipe, manifest: Manifest) -> Truth:
        """None where the images are noisy already."""
        return Truth.NONE if recipe.degradation.is_empty else Truth.CLEAN

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Weighted losses by name, over the hidden pixels only."""
        noisy = batch["input"]
        # The host's own generator: its state is part of a checkpoint, which makes a resume exact.
        generator = torch.default_generator
        count, _, height, width = noisy.shape
        places = draw_places(count, height, width, self._settings.box, generator)
        output = self.networks[part](hide(noisy, places, self._settings, generator))
        compared = stretches(places, self._settings, width)
        return self._objective.compare(at(output, compared), at(noisy, compared))


def _settings(recipe: Recipe) -> BlindSpot:
    if recipe.blind_spot is None:
        raise TypeError("method blind-spot without its settings")
    return recipe.blind_spot
