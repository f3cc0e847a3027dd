"""How a network is trained: settings of the optimiser, the learning-rate schedule and the training loop."""

import math
from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks.discriminators import DiscriminatorConfig

GanKind = Literal["bce", "relativistic", "lsgan"]
"""Form of the adversarial loss; the formulas are in `sem_models/losses/adversarial.py`."""
Backbone = Literal["vgg16", "vgg19"]
"""Networks trained on ImageNet whose features are compared by losses and scores."""


class LossTerm(Frozen):
    """One named part of the loss and its weight."""

    name: str
    weight: float = Field(1.0, ge=0)


class Optimiser(Frozen):
    """Optimiser and its constants."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(1e-3, gt=0)
    betas: tuple[float, float] = (0.9, 0.99)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)


class Schedule(Frozen):
    """Learning-rate schedule over the steps of the run, after a linear warm-up."""

    name: Literal["constant", "cosine", "multistep", "linear"] = "cosine"
    warmup_steps: int = Field(0, ge=0)
    final_fraction: float = Field(0.01, ge=0, le=1)
    """Cosine and linear: final learning rate as a fraction of the initial one."""
    decay_from: float = Field(0.5, ge=0, lt=1)
    """Linear: fraction of the run during which the learning rate stays constant before it falls."""
    milestones: tuple[float, ...] = ()
    """Multistep: fractions of the run at which the learning rate is multiplied by `gamma`."""
    gamma: float = Field(0.5, gt=0, le=1)


def learning_rate(base: float, schedule: Schedule, step: int, total: int) -> float:
    """Compute the learning rate of the update after `step` completed ones. It keeps no state that needs resuming."""
    if step < schedule.warmup_steps:
        return base * (step + 1) / schedule.warmup_steps
    done = min(step / total, 1.0)
    if schedule.name == "cosine":
        span = max(total - schedule.warmup_steps, 1)
        phase = min((step - schedule.warmup_steps) / span, 1.0)
        return base * (schedule.final_fraction + (1 - schedule.final_fraction) * (1 + math.cos(math.pi * phase)) / 2)
    if schedule.name == "multistep":
        return base * schedule.gamma ** sum(done >= milestone for milestone in schedule.milestones)
    if schedule.name == "linear":
        fallen = max(done - schedule.decay_from, 0.0) / (1 - schedule.decay_from)
        return base * (1 - (1 - schedule.final_fraction) * fallen)
    return base


class Adversarial(Frozen):
    """The stage of a run in which a discriminator takes part."""

    first_share: float = Field(0.5, ge=0, lt=1)
    """Share of all steps that belong to the stage before; 0 if the run starts from the weights of another run."""
    losses: tuple[LossTerm, ...]
    """Losses of the generator in addition to the adversarial one."""
    gan: GanKind = "relativistic"
    weight: float = Field(5e-3, ge=0)
    """Weight of the adversarial loss on images."""
    gradient_weight: float = Field(0.0, ge=0)
    """Weight of the adversarial loss on gradient maps, which has its own discriminator (SPSR); 0: none."""
    fusion_share: float = Field(0.0, ge=0, lt=1, exclude_if=lambda share: share == 0)
    """Share of this stage, from its start, in which the generator learns only in the layers that join image and
    gradient branch, so that the first gradients of new discriminators do not reach trunk and branch (SPSR: 0.01)."""
    discriminator: DiscriminatorConfig
    conditional: bool = False
    """Whether the discriminators also see the generator's input, so that they decide whether input and output belong
    together (Isola et al., CVPR 2017, equation 1)."""
    discriminator_rate: float = Field(1.0, gt=0)
    """Learning rate of the discriminators as a multiple of the generator's."""
    optimiser: Optimiser = Optimiser(lr=1e-4)
    schedule: Schedule = Schedule(name="multistep", milestones=(0.125, 0.25, 0.5, 0.75))


class GreyLevels(Frozen):
    """How a patch was recorded, drawn for each: brightness and contrast, and the 8 bit of most files."""

    span: tuple[float, float] = (0.25, 1.0)
    """Smallest and largest part of the range that black to white takes, log-uniform; its place is uniform."""
    inverted: float = Field(0.25, ge=0, le=1)
    """Share of the patches whose contrast is inverted."""
    stored: float = Field(0.5, ge=0, le=1)
    """Share of the patches whose inputs are clipped to [0, 1] and rounded to 256 levels."""

    @model_validator(mode="after")
    def _is_a_part(self) -> "GreyLevels":
        if not 0 < self.span[0] <= self.span[1] <= 1:
            raise ValueError("span must be two rising numbers, above 0 and at most 1")
        return self


class TrainSettings(Frozen):
    """Settings of the training loop. The patch size is in pixels of the sharp target."""

    steps: int = Field(1000, ge=1)
    batch: int = Field(16, ge=1)
    patch: int = Field(96, ge=8)
    validate_every: int = Field(250, ge=1)
    checkpoint_every: int = Field(250, ge=1)
    log_every: int = Field(10, ge=1)
    ema_decay: float = Field(0.999, ge=0, lt=1)
    """Decay of the exponential moving average of the weights; 0 switches the average off."""
    early_stop: int | None = Field(None, ge=1)
    """Stop after this many validations without a better score (PSNR if there is a clean reference)."""
    grad_clip: float = Field(1.0, gt=0)
    """Largest gradient norm; larger gradients are scaled down to it."""
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """auto: bf16 if the device has units for it and the network benefits, else 32 bit; decided where training runs."""
    grey_levels: GreyLevels | None = Field(None, exclude_if=lambda levels: levels is None)
    """For one model that suits many instruments: brightness and contrast of each pair of patches. None: as stored."""
    seed: int = 0
