"""The network that is told the width of the blur: settings and reach."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sem_models.config.frozen import Frozen
from sem_models.config.networks import nafnet, unet
from sem_models.config.networks.capabilities import Capabilities, Strength


class RefocuserConfig(Frozen):
    """The inner network, which corrects the image; its extra input and output channel is the width of the blur."""

    kind: Literal["refocuser"] = "refocuser"
    inner: Annotated[unet.UNetConfig | nafnet.NAFNetConfig, Field(discriminator="kind")]
    largest_px: float = Field(4.0, gt=0, le=16)
    """Largest width that the network can be told, the sigma of a Gaussian in px."""
    strength_px: float = Field(0.1, ge=0)
    """Width that a trained model assumes unless the user says another: its default strength. With 0.1 no validation
    image lost more than 0.3 dB (`benchmarks/refocusing/strength.py`); at so small a width a fifth of the correction
    is applied."""

    @model_validator(mode="after")
    def _inner_corrects(self) -> "RefocuserConfig":
        if isinstance(self.inner, unet.UNetConfig) and not self.inner.residual:
            raise ValueError("inner must be residual, because it corrects the image")
        if _of_inner(self).channels_in < 2:
            raise ValueError("inner needs one channel more than the image, for the width: 2 for a grey image")
        if self.strength_px > self.largest_px:
            raise ValueError(f"strength_px must not be larger than largest_px ({self.largest_px:g})")
        return self


def capabilities(config: RefocuserConfig) -> Capabilities:
    """Return the capabilities of the inner network, with one output channel less."""
    inner = _of_inner(config)
    strength = Strength(config.strength_px, config.largest_px)
    return replace(inner, channels_out=inner.channels_out - 1, strength=strength)


def _of_inner(config: RefocuserConfig) -> Capabilities:
    inner = config.inner
    return nafnet.capabilities(inner) if isinstance(inner, nafnet.NAFNetConfig) else unet.capabilities(inner)
