"""A network for colour images that is applied to grey ones: settings and reach."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks import hat, spandrel, swinir
from sem_models.config.networks.capabilities import Capabilities

_INNER: dict[str, Callable[[Any], Capabilities]] = {
    "swinir": swinir.capabilities,
    "hat": hat.capabilities,
    "spandrel": spandrel.capabilities,
}


class GreyAdapterConfig(Frozen):
    """The network for images of three channels, between a repetition of the grey one and a mean."""

    kind: Literal["grey-adapter"] = "grey-adapter"
    inner: Annotated[swinir.SwinIRConfig | hat.HATConfig | spandrel.SpandrelConfig, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _inner_sees_colours(self) -> "GreyAdapterConfig":
        if self.inner.channels != _COLOURS:
            raise ValueError(f"inner must have {_COLOURS} channels")
        return self


_COLOURS = 3


def capabilities(config: GreyAdapterConfig) -> Capabilities:
    """Return the capabilities of the inner network, with one channel."""
    return replace(_INNER[config.inner.kind](config.inner), channels_in=1, channels_out=1)
