"""Noise2Void (Krull et al., CVPR 2019): denoise from single noisy images.

Some input pixels are replaced and the network must tell what they were. Noise that is independent from pixel to pixel
cannot be told from the neighbours, so the best answer is the signal. Replacement by the median is that of N2V2 (Höck
et al., ECCV Workshops 2022), a mask along the scan line that of structN2V (Broaddus et al., ISBI 2020).
"""

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from sem_models.config.recipe import Recipe
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch
from sem_models.methods.blind_mask import at, draw_places, hide, stretches
from sem_models.methods.objective import Objective
from sem_models.methods.stages import RESTORER, Stage


class BlindSpotRestoration:
    """Learns hidden pixels of the noisy input from what is around them; the target of a batch is never looked at."""

    def __init__(self, recipe: Recipe, fabric: Fabric) -> None:
        """Build network and optimiser on the device of `fabric`; torch's seed must have been set."""
        if recipe.blind_spot is None:
            raise TypeError("method blind-spot without its settings")
        self._settings = recipe.blind_spot
        assembly = Assembly(fabric)
        assembly.add_network(RESTORER, recipe)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        self._objective = Objective(recipe, recipe.losses)

    @property
    def network(self) -> nn.Module:
        """The only network."""
        return self.networks[RESTORER]

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:  # noqa: ARG002
        """Weighted losses by name, over the hidden pixels only."""
        noisy = batch["input"]
        # The host's own generator: its state is part of a checkpoint, which makes a resume exact.
        generator = torch.default_generator
        count, _, height, width = noisy.shape
        places = draw_places(count, height, width, self._settings.box, generator)
        output = self.networks[part](hide(noisy, places, self._settings, generator))
        compared = stretches(places, self._settings, width)
        return self._objective.compare(at(output, compared), at(noisy, compared))

    def observations(self) -> dict[str, Tensor]:
        """None."""
        return {}
