"""The interface of a model that the predictor applies, trained or not."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sem_models.config.intensity import IntensityLimits
from sem_models.config.methods import Direction
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.inference.halo import EXACT, MeasuredHalo
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.pixel_posterior import PixelPosterior

if TYPE_CHECKING:
    from torch import Tensor, nn

    from sem_models.networks.doubt_head import DoubtHead


class UnitModel(Protocol):
    """A function from (N, C, H, W) float32 in unit intensity to (N, C', H x scale, W x scale) float32."""

    @property
    def name(self) -> str:
        """Name that output files give as provenance."""

    @property
    def capabilities(self) -> Capabilities:
        """Scale, channels and halo, for instance."""

    def __call__(self, x: "Tensor") -> "Tensor":
        """Apply the model to one batch on its device."""


@runtime_checkable
class TrainedModel(UnitModel, Protocol):
    """A model that holds the recipe that it was trained by."""

    recipe: Recipe


def recipe_of(model: UnitModel) -> Recipe | None:
    """Return the recipe of a trained model; None for a baseline."""
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
class LearnedModel(UnitModel, Protocol):
    """A model that may know what the inputs of its training looked like."""

    @property
    def learned(self) -> InputReference | None:
        """None where that is unknown."""


def learned_of(model: UnitModel) -> InputReference | None:
    """What the inputs looked like that a model learned from; None where it is unknown."""
    return model.learned if isinstance(model, LearnedModel) else None


@runtime_checkable
class RecordedModel(UnitModel, Protocol):
    """A model that describes what applying it does to an image."""

    @property
    def step(self) -> ProcessingStep:
        """The step that output files state."""


@dataclass(frozen=True)
class RestorationModel:
    """A network with its recipe, ready for the predictor."""

    recipe: Recipe
    network: "nn.Module"
    name: str
    direction: Direction = "forward"
    run_id: str = ""
    """Id of the training run; empty if unknown."""
    posterior: PixelPosterior | None = None
    """What the posterior mean needs to know; None: the output is that of the network."""
    note: str = ""
    """What output files say about the model, for instance its version and what it is not for."""
    learned: InputReference | None = None
    """What the inputs of its training looked like; None: unknown."""
    doubt: "DoubtHead | None" = None
    """What states how far an output may be off; None: the model has not learned it."""
    halo: MeasuredHalo | None = None
    """What its network was measured to need around a tile; None: what its capabilities state."""

    @property
    def summary(self) -> str:
        """The summary of the recipe; for a backward generator also its direction."""
        back = " This is the backward generator: from the second domain of its training to the first."
        return self.recipe.summary + (back if self.direction == "backward" else "")

    @property
    def way(self) -> str:
        """How an output is made, in the words of its history; empty if it is what the network gives."""
        return "posterior mean of prediction and recorded pixel" if self.posterior else ""

    @property
    def step(self) -> ProcessingStep:
        """What applying the model does to an image; a task may replace the word `restored`."""
        settings = ", ".join(text for text in (self.way, self.note) if text)
        return ProcessingStep.now(Origin.RESTORED, self.name, run=self.run_id, settings=settings)

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the network; the posterior mean looks further around each pixel."""
        facts = capabilities(self.recipe.network)
        if self.halo and self.halo.px <= facts.halo:
            # A layer that looks at the whole image forbids tiles only as long as nobody knows how far it really sees.
            known = "supported" if facts.tiling == "discouraged" and self.halo.error <= EXACT else facts.tiling
            facts = replace(facts, effective_halo=self.halo.px, halo_error=self.halo.error, tiling=known)
        if self.posterior is None:
            return facts
        reach = self.posterior.reach_px
        halo = None if facts.effective_halo is None else facts.effective_halo + reach
        return replace(facts, receptive_field=facts.receptive_field + reach, effective_halo=halo)

    @property
    def limits(self) -> IntensityLimits | None:
        """Of its inputs and outputs; a backward generator takes what a forward one gives."""
        known = self.recipe.limits
        return known.swapped if known and self.direction == "backward" else known

    @property
    def takes_one_pass(self) -> bool:
        """Whether an output takes a single pass of the network, so that other programs can run it."""
        return True

    @property
    def module(self) -> "nn.Module":
        """The whole map from input to output, if it takes one pass: the network, or with it the posterior mean."""
        if self.posterior is None:
            return self.network
        from sem_models.inference.posterior_mean import PosteriorMean

        return PosteriorMean(self.network, self.posterior)

    @property
    def prediction(self) -> "RestorationModel":
        """The model without the posterior mean: what it predicts, whatever the pixel's own value is."""
        return replace(self, posterior=None)

    def __call__(self, x: "Tensor") -> "Tensor":
        """Apply the model to (N, C, H, W) float32 in unit intensity; returns (N, C', H x scale, W x scale)."""
        result: Tensor = self.module(x)
        return result


def prediction_of(model: UnitModel) -> UnitModel:
    """Return a trained model without the posterior mean, and any other model as it is."""
    return model.prediction if isinstance(model, RestorationModel) else model


def step_of(model: UnitModel) -> ProcessingStep:
    """Return the processing step of applying a model; baselines count as restoring."""
    return model.step if isinstance(model, RecordedModel) else ProcessingStep.now(Origin.RESTORED, model.name)
