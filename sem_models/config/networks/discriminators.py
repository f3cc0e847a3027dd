"""Discriminators: settings."""

from typing import Annotated, Literal

from pydantic import Field

from sem_models.config.frozen import Frozen


class VGGDiscriminatorConfig(Frozen):
    """One logit a patch, after BasicSR (Wang et al., 2018): pairs of convolutions, each pair halves the size."""

    kind: Literal["vgg"] = "vgg"
    channels: int | None = Field(None, ge=1)
    """None: as many as it is shown, as for the others too."""
    size: int = Field(128, ge=32, multiple_of=32)
    """Edge of the patch in pixels: the last layers are dense."""
    width: int = Field(64, ge=1)


class PatchDiscriminatorConfig(Frozen):
    """One logit for each overlapping field of 70 px with three halvings (Isola et al., CVPR 2017)."""

    kind: Literal["patch"] = "patch"
    channels: int | None = Field(None, ge=1)
    width: int = Field(64, ge=1)
    halvings: int = Field(3, ge=1)
    norm: Literal["batch", "instance"] = "batch"
    """Batch in pix2pix, instance in CycleGAN, which learns from single images (Zhu et al., ICCV 2017)."""


class StructureDiscriminatorConfig(Frozen):
    """Residual blocks at three scales, then PatchGAN convolutions: SINSR's."""

    kind: Literal["structure"] = "structure"
    channels: int | None = Field(None, ge=1)
    width: int = Field(64, ge=1)
    halvings: int = Field(4, ge=1)


DiscriminatorConfig = Annotated[
    VGGDiscriminatorConfig | PatchDiscriminatorConfig | StructureDiscriminatorConfig, Field(discriminator="kind")
]
