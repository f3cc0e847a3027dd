"""Everything that decides what a run learns, in one immutable object."""

from typing import Literal

from pydantic import Field, model_validator

from sem_models.config.degradation import Degradation
from sem_models.config.frozen import Frozen
from sem_models.config.intensity import IntensityLimits
from sem_models.config.method_settings import BlindSpot, CycleSettings, DiffusionSettings
from sem_models.config.methods import METHOD_FACTS, METHOD_SETTINGS, MethodName
from sem_models.config.networks.table import NetworkConfig, capabilities
from sem_models.config.training import Adversarial, Backbone, LossTerm, Optimiser, Schedule, TrainSettings

TaskName = Literal[
    "super-resolution", "denoising", "refocusing", "translation", "synthesis", "segmentation", "inpainting"
]
"""The task of a recipe; the package `sem_models.tasks` implements each of them."""


class Recipe(Frozen):
    """Network, method, losses, forward model and training settings of one run."""

    name: str
    summary: str
    task: TaskName = "super-resolution"
    method: MethodName = "supervised"
    network: NetworkConfig
    losses: tuple[LossTerm, ...] = Field((LossTerm(name="l1"),), min_length=1)
    perceptual: Backbone = "vgg19"
    """The network whose features the loss term `perceptual` compares."""
    degradation: Degradation = Degradation()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    adversarial: Adversarial | None = None
    """The second stage, with a discriminator. The fields `losses`, `optimiser` and `schedule` above describe the
    first."""
    cycle: CycleSettings | None = None
    """Method cycle: the losses that replace a comparison with pairs. Its only stage is the adversarial one."""
    blind_spot: BlindSpot | None = None
    """Method blind-spot: the pixels that are hidden."""
    diffusion: DiffusionSettings | None = None
    """Method diffusion: the noise that is added and removed."""
    labels: tuple[int, ...] = ()
    """Tasks on label maps: the raw value of each class in the mask files. Training copies it from the dataset."""
    limits: IntensityLimits | None = Field(None, exclude_if=lambda limits: limits is None)
    """Intensity limits of input and output. Training copies them from the dataset; None: each image had its own."""
    train: TrainSettings = TrainSettings()

    @model_validator(mode="after")
    def _suits_its_method(self) -> "Recipe":
        facts = METHOD_FACTS[self.method]
        for name in METHOD_SETTINGS:
            given = getattr(self, name) is not None
            if given != (name in facts.settings):
                raise ValueError(f"method {self.method} {'takes no' if given else 'needs'} {name} settings")
        if self.cycle and self.adversarial:
            _require_one_stage(self.adversarial)
        if facts.predicts_noise != (capabilities(self.network).auxiliary == "noise"):
            raise ValueError("method diffusion needs network diffusion-unet, and no other method can use that network")
        if facts.predicts_noise and [term.name for term in self.losses] != ["mse"]:
            raise ValueError("method diffusion must learn the mean of the noise; its only loss must be mse")
        return self


def _require_one_stage(settings: Adversarial) -> None:
    if settings.first_share or settings.gradient_weight or settings.losses:
        raise ValueError(
            "method cycle has one stage, one discriminator per domain and the losses of its cycle settings: "
            "adversarial.first_share and adversarial.gradient_weight must be 0 and adversarial.losses empty"
        )
