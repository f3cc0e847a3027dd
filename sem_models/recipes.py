"""The named systems as typed presets: everything that decides what a run learns, in one frozen object."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from sem_models.networks.table import NetworkConfig
from sem_models.physics.degradation import Degradation
from sem_models.training.settings import LossTerm, Optimiser, Schedule, TrainSettings


class Recipe(BaseModel):
    """Network, method, losses, forward model and training settings of one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    summary: str
    task: Literal["super-resolution"] = "super-resolution"
    method: Literal["supervised"] = "supervised"
    network: NetworkConfig
    losses: tuple[LossTerm, ...] = (LossTerm(name="l1"),)
    degradation: Degradation = Degradation()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    train: TrainSettings = TrainSettings()
