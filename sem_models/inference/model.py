"""What the predictor needs of a model, learned or not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.images.provenance import Origin, ProcessingStep

if TYPE_CHECKING:
    from torch import Tensor, nn


class UnitModel(Protocol):
    """A function from (N, C, H, W) float32 unit intensities to (N, C', H x scale, W x scale)."""

    @property
    def name(self) -> str:
        """Written into outputs as provenance."""

    @property
    def capabilities(self) -> Capabilities:
        """Scale, channels and halo."""

    def __call__(self, x: "Tensor") -> "Tensor":
        """Apply it to one batch on the device of the model."""


class Place(NamedTuple):
    """Upper left corner of a tile in the whole image, in px."""

    row: int
    column: int


@runtime_checkable
class TrainedModel(UnitModel, Protocol):
    """A model that knows what it learned by."""

    recipe: Recipe


def recipe_of(model: UnitModel) -> Recipe | None:
    """What a trained model learned by; None for a baseline."""
    return model.recipe if isinstance(model, TrainedModel) else None


@runtime_checkable
class ScaledModel(UnitModel, Protocol):
    """A model that knows which grey levels stand for 0 and 1 in its inputs and outputs."""

    @property
    def limits(self) -> IntensityLimits | None:
        """None where each image has limits of its own."""


def limits_of(model: UnitModel) -> IntensityLimits | None:
    """The intensity limits that a model was made with; None where it knows none."""
    return model.limits if isinstance(model, ScaledModel) else None


@runtime_checkable
class PlacedModel(Protocol):
    """A model whose output depends on where in the image a tile lies, such as one that draws from noise."""

    def placed(self, places: tuple[Place, ...]) -> UnitModel:
        """The same model for one batch of tiles with these upper left corners."""


def at_places(model: UnitModel, places: tuple[Place, ...]) -> UnitModel:
    """For a batch of tiles at these places; most models do not mind."""
    return model.placed(places) if isinstance(model, PlacedModel) else model


Direction = Literal["forward", "backward"]
"""Of a cycle: from the first domain to the second, or back. All other models are `forward`."""


@dataclass(frozen=True)
class RestorationModel:
    """A network with its recipe, ready for the predictor."""

    recipe: Recipe
    network: "nn.Module"
    name: str
    direction: Direction = "forward"
    run_id: str = ""
    """Of the training; empty where nobody said."""

    @property
    def summary(self) -> str:
        """What the recipe says of itself, and of a backward generator which way it goes."""
        back = " This one goes back: from the second domain of its training to the first."
        return self.recipe.summary + (back if self.direction == "backward" else "")

    @property
    def step(self) -> ProcessingStep:
        """What applying the model does to an image; a task may call the result something else than restored."""
        return ProcessingStep.now(Origin.RESTORED, self.name, run=self.run_id)

    @property
    def capabilities(self) -> Capabilities:
        """What the predictor must know."""
        return capabilities(self.recipe.network)

    @property
    def limits(self) -> IntensityLimits | None:
        """Of its inputs and outputs; a backward generator takes what a forward one gives."""
        known = self.recipe.limits
        return known.swapped if known and self.direction == "backward" else known

    @property
    def takes_one_pass(self) -> bool:
        """Whether an output is one pass of the network, which other programs can run by themselves."""
        return True

    def __call__(self, x: "Tensor") -> "Tensor":
        """(N, C, H, W) float32 unit intensities to (N, C', H x scale, W x scale)."""
        result: Tensor = self.network(x)
        return result


def step_of(model: UnitModel) -> ProcessingStep:
    """What applying a model makes of an image; whatever learned nothing restores."""
    return model.step if isinstance(model, RestorationModel) else ProcessingStep.now(Origin.RESTORED, model.name)
