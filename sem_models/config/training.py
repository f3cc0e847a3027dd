"""How a network is trained: optimiser, schedule and loop settings, each typed and frozen."""

import math
from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.discriminators import DiscriminatorConfig

GanKind = Literal["bce", "relativistic", "lsgan"]
"""Form of the adversarial loss; the formulas are in `sem_models/losses/adversarial.py`."""
Backbone = Literal["vgg16", "vgg19"]
"""Networks trained on ImageNet whose features losses and scores compare."""


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
    """Cosine, linear: the last learning rate as a fraction of the first."""
    decay_from: float = Field(0.5, ge=0, lt=1)
    """Linear: the fraction of the run after which the rate, constant until then, falls."""
    milestones: tuple[float, ...] = ()
    """Multistep: fractions of the run at which the rate is multiplied by `gamma`."""
    gamma: float = Field(0.5, gt=0, le=1)


def learning_rate(base: float, schedule: Schedule, step: int, total: int) -> float:
    """Learning rate of the update that follows `step` finished ones; a pure function, so nothing to resume."""
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
    """Of all steps, how many go to the stage before; 0 where the run starts from weights of another one."""
    losses: tuple[LossTerm, ...]
    """Of the generator, besides the adversarial one."""
    gan: GanKind = "relativistic"
    weight: float = Field(5e-3, ge=0)
    """Of the adversarial loss on images."""
    gradient_weight: float = Field(0.0, ge=0)
    """Of the adversarial loss on gradient maps, with a discriminator of its own; 0: there is none (SPSR has one)."""
    discriminator: DiscriminatorConfig
    conditional: bool = False
    """Whether discriminators see the input of the generator beside the image, so that they judge whether the two
    belong together (Isola et al., CVPR 2017, equation 1)."""
    discriminator_rate: float = Field(1.0, gt=0)
    """Learning rate of the discriminators as a multiple of the generator's."""
    optimiser: Optimiser = Optimiser(lr=1e-4)
    schedule: Schedule = Schedule(name="multistep", milestones=(0.125, 0.25, 0.5, 0.75))


class TrainSettings(Frozen):
    """The loop. Patch sizes are in pixels of the sharp target."""

    steps: int = Field(1000, ge=1)
    batch: int = Field(16, ge=1)
    patch: int = Field(96, ge=8)
    validate_every: int = Field(250, ge=1)
    checkpoint_every: int = Field(250, ge=1)
    log_every: int = Field(10, ge=1)
    ema_decay: float = Field(0.999, ge=0, lt=1)
    """Exponential moving average of the weights; 0 switches it off."""
    early_stop: int | None = Field(None, ge=1)
    """Stop after this many validations without a better score (PSNR where there is a clean reference)."""
    grad_clip: float = Field(1.0, gt=0)
    """Largest gradient norm."""
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """auto: bf16 on a CUDA device for networks that are safe with it, else 32 bit."""
    seed: int = 0
