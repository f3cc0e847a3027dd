"""A network that is stored as an ONNX graph, with the processing that its package states: settings and reach."""

from typing import Annotated, Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities


class Linear(Frozen):
    """Values become gain x value + offset."""

    step: Literal["linear"] = "linear"
    gain: float
    offset: float


class Clip(Frozen):
    """Values below `lo` become `lo`, values above `hi` become `hi`."""

    step: Literal["clip"] = "clip"
    lo: float
    hi: float


class Sigmoid(Frozen):
    """Values become 1 / (1 + exp(-value))."""

    step: Literal["sigmoid"] = "sigmoid"


class Standardise(Frozen):
    """Values become (value - mean) / (standard deviation + eps), both of the whole image."""

    step: Literal["standardise"] = "standardise"
    eps: float


class Percentiles(Frozen):
    """Values become (value - lower) / (upper - lower + eps), both percentiles of the whole image."""

    step: Literal["percentiles"] = "percentiles"
    lower: float = Field(ge=0, le=100)
    upper: float = Field(ge=0, le=100)
    eps: float


PixelStep = Linear | Clip | Sigmoid
ImageStep = Standardise | Percentiles
"""Depends on the whole image, so that tiles cannot be computed one by one."""
Step = Annotated[PixelStep | ImageStep, Field(discriminator="step")]


class OnnxGraphConfig(Frozen):
    """Size of the stored graph, the steps before and after it, and what the package says about sizes."""

    kind: Literal["onnx-graph"] = "onnx-graph"
    stored_bytes: int = Field(ge=1)
    """Length of the file, which is stored as the only weight."""
    scale: int = Field(1, ge=1, le=16)
    size_multiple: int = Field(1, ge=1)
    least_px: int = Field(1, ge=1)
    """Height and width below which an image is padded."""
    halo_px: int | None = Field(None, ge=0)
    """Stated or measured; None: the whole image is needed."""
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()

    @property
    def sees_whole_image(self) -> bool:
        """Whether a step before the network depends on the whole image."""
        return any(isinstance(step, ImageStep) for step in self.before)


def capabilities(config: OnnxGraphConfig) -> Capabilities:
    """Return the capabilities; the receptive field is what the package states as halo."""
    whole = config.halo_px is None or config.sees_whole_image
    return Capabilities(
        channels_in=1,
        channels_out=1,
        scale=config.scale,
        receptive_field=config.halo_px or 0,
        size_multiple=config.size_multiple,
        tiling="discouraged" if whole else "supported",
        channels_last=False,
        half_safe=False,
        effective_halo=config.halo_px or 0,
    )
