"""Settings of the network that redraws what a mask hides, and what an application must know of it."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks import nafnet, unet
from sem_models.config.networks.capabilities import Capabilities


class InpainterConfig(Frozen):
    """Which network corrects the filling; it takes and gives one channel more than the image, the mask."""

    kind: Literal["inpainter"] = "inpainter"
    inner: Annotated[unet.UNetConfig | nafnet.NAFNetConfig, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _inner_corrects(self) -> "InpainterConfig":
        if isinstance(self.inner, unet.UNetConfig) and not self.inner.residual:
            raise ValueError("inner must be residual: it corrects what the mask hides")
        if _of_inner(self).channels_in < 2:
            raise ValueError("inner needs a channel for the mask beside those of the image: 2 for a grey image")
        return self


def capabilities(config: InpainterConfig) -> Capabilities:
    """Facts of the inner network, with one channel less in the output."""
    inner = _of_inner(config)
    return replace(inner, channels_out=inner.channels_out - 1)


def _of_inner(config: InpainterConfig) -> Capabilities:
    inner = config.inner
    return nafnet.capabilities(inner) if isinstance(inner, nafnet.NAFNetConfig) else unet.capabilities(inner)
