"""Models whose last output channel is the standard deviation of the output: learned, or over orientations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.images.provenance import ProcessingStep
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.model import RestorationModel, UnitModel, learned_of, limits_of, step_of
from sem_models.networks.doubt_head import REACH_PX, DoubtHead
from sem_models.physics.downsampling import upsample


class WithDoubt(nn.Module):
    """A network and its doubt head as one module."""

    def __init__(self, network: nn.Module, head: DoubtHead, scale: int = 1) -> None:
        """Combine them; the weights stay those of each. Outputs are `scale` times larger than inputs."""
        super().__init__()
        self.network, self.head, self._scale = network, head, scale

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 1, H, W) float32 in unit intensity to output and standard deviation, (N, 2, H x scale, W x scale).

        The head compares an enlarged output with the bicubic enlargement of the input.
        """
        output: Tensor = self.network(x)
        return torch.cat([output, self.head(upsample(x, self._scale), output)], 1)


@dataclass(frozen=True)
class StatedDoubtModel(RestorationModel):
    """A restoration of one channel that has learned how far its outputs may be off."""

    @property
    def capabilities(self) -> Capabilities:
        """Those of the network, with another channel and with what the head reads around a pixel of the output."""
        facts = super().capabilities
        head_px = math.ceil(REACH_PX / facts.scale)
        halo = None if facts.effective_halo is None else facts.effective_halo + head_px
        reach = facts.receptive_field + head_px
        return replace(facts, channels_out=facts.channels_out + 1, receptive_field=reach, effective_halo=halo)


@dataclass(frozen=True)
class OrientationsModel:
    """Mean and standard deviation of what a model makes of one image in several orientations.

    A model that knew the truth would make the same of all. Errors that it repeats in every orientation are not seen,
    so the standard deviation is a lower limit (compare Ayhan and Berens, MIDL 2018, on test-time augmentation).
    """

    model: UnitModel
    turns: bool
    """Whether the image is also turned by 90 degrees; if not, scan lines stay horizontal."""

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.model.name

    @property
    def capabilities(self) -> Capabilities:
        """Those of the model, with another channel."""
        facts = self.model.capabilities
        return replace(facts, channels_out=facts.channels_out + 1)

    @property
    def step(self) -> ProcessingStep:
        """What applying the model does to an image, with the number of orientations among the settings."""
        return step_of(self.model).with_settings(first=f"mean of {len(self._orientations)} orientations")

    @property
    def limits(self) -> IntensityLimits | None:
        """Those of the model."""
        return limits_of(self.model)

    @property
    def learned(self) -> InputReference | None:
        """That of the model."""
        return learned_of(self.model)

    @property
    def _orientations(self) -> Sequence[tuple[bool, int]]:
        """Whether to mirror, and how often to turn by 90 degrees."""
        return [(mirrored, turns) for mirrored in (False, True) for turns in range(0, 4, 1 if self.turns else 2)]

    def __call__(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to mean and standard deviation, (N, C' + 1, H x scale, W x scale)."""
        outputs = torch.stack([_turned_back(self.model(_turned(x, *one)), *one) for one in self._orientations])
        deviation = outputs.std(0, correction=1).square().mean(1, keepdim=True).sqrt()
        return torch.cat([outputs.mean(0), deviation], 1)


def _turned(x: Tensor, mirrored: bool, turns: int) -> Tensor:
    return torch.rot90(x.flip(3) if mirrored else x, turns, (2, 3))


def _turned_back(x: Tensor, mirrored: bool, turns: int) -> Tensor:
    back = torch.rot90(x, -turns, (2, 3))
    return back.flip(3) if mirrored else back


def with_learned_doubt(model: RestorationModel, head: DoubtHead) -> StatedDoubtModel:
    """Return a model with its doubt head; the standard deviation is an additional, last output channel."""
    return StatedDoubtModel(
        recipe=model.recipe,
        network=WithDoubt(model.module, head, model.capabilities.scale).eval(),
        name=model.name,
        direction=model.direction,
        run_id=model.run_id,
        note=model.note,
        learned=model.learned,
        halo=model.halo,
    )
