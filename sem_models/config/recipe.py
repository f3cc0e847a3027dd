"""Everything that decides what a run learns, in one frozen object."""

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
"""What a recipe may be for; `sem_models.tasks` says what that means."""


class Recipe(Frozen):
    """Network, method, losses, forward model and training settings of one run."""

    name: str
    summary: str
    task: TaskName = "super-resolution"
    method: MethodName = "supervised"
    network: NetworkConfig
    losses: tuple[LossTerm, ...] = Field((LossTerm(name="l1"),), min_length=1)
    perceptual: Backbone = "vgg19"
    """Whose features a loss term `perceptual` compares."""
    degradation: Degradation = Degradation()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    adversarial: Adversarial | None = None
    """The second stage, with a discriminator; `losses`, `optimiser` and `schedule` above are those of the first."""
    cycle: CycleSettings | None = None
    """Method cycle: what stands in for pairs. Its only stage is the adversarial one."""
    blind_spot: BlindSpot | None = None
    """What method blind-spot hides."""
    diffusion: DiffusionSettings | None = None
    """The noise that method diffusion adds and takes away."""
    labels: tuple[int, ...] = ()
    """Tasks on label maps: the raw value of each class in mask files; a training fills it in from its dataset."""
    limits: IntensityLimits | None = Field(None, exclude_if=lambda limits: limits is None)
    """Intensity limits of input and output; a training fills them in from its dataset. None: each image had its own."""
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
            raise ValueError("method diffusion and network diffusion-unet go together only")
        if facts.predicts_noise and [term.name for term in self.losses] != ["mse"]:
            raise ValueError("method diffusion learns the mean of what the noise may be, by the loss mse alone")
        return self


def _require_one_stage(settings: Adversarial) -> None:
    if settings.first_share or settings.gradient_weight or settings.losses:
        raise ValueError(
            "method cycle has one stage, one discriminator a domain and the losses of its cycle settings: "
            "adversarial.first_share and adversarial.gradient_weight must be 0 and adversarial.losses empty"
        )
