"""The network that redraws the pixels under a mask: settings and reach."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks import nafnet, unet
from sem_models.config.networks.capabilities import Capabilities


class InpainterConfig(Frozen):
    """The inner network, which corrects the filled-in pixels; its extra input and output channel is the mask."""

    kind: Literal["inpainter"] = "inpainter"
    inner: Annotated[unet.UNetConfig | nafnet.NAFNetConfig, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _inner_corrects(self) -> "InpainterConfig":
        if isinstance(self.inner, unet.UNetConfig) and not self.inner.residual:
            raise ValueError("inner must be residual, because it corrects the pixels that the mask hides")
        if _of_inner(self).channels_in < 2:
            raise ValueError("inner needs one channel more than the image, for the mask: 2 for a grey image")
        return self


def capabilities(config: InpainterConfig) -> Capabilities:
    """Return the capabilities of the inner network, with one output channel less."""
    inner = _of_inner(config)
    return replace(inner, channels_out=inner.channels_out - 1)


def _of_inner(config: InpainterConfig) -> Capabilities:
    inner = config.inner
    return nafnet.capabilities(inner) if isinstance(inner, nafnet.NAFNetConfig) else unet.capabilities(inner)
