"""Settings of the discriminators."""

from typing import Annotated, Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.errors import SettingRef, UserError


class VGGDiscriminatorConfig(Frozen):
    """One logit per patch, after BasicSR (Wang et al., 2018): pairs of convolutions, each pair halving the size."""

    kind: Literal["vgg"] = "vgg"
    channels: int | None = Field(None, ge=1)
    """Channels of the image; None, here and in the other discriminators: those of the images that it is shown."""
    size: int = Field(128, ge=32, multiple_of=32)
    """Edge length of the patch in pixels. It is fixed because the last layers are fully connected."""
    width: int = Field(64, ge=1)

    def check_patch(self, patch: int) -> None:
        """Raise a `UserError` if the patch size is not `size`."""
        if self.size != patch:
            raise UserError(
                f"The discriminator takes patches of {self.size} px, but train.patch is {patch}; use ",
                SettingRef("adversarial.discriminator.size", patch),
                " (a multiple of 32).",
            )


class PatchDiscriminatorConfig(Frozen):
    """PatchGAN: one logit per overlapping field, which has 70 px after three halvings (Isola et al., CVPR 2017)."""

    kind: Literal["patch"] = "patch"
    channels: int | None = Field(None, ge=1)
    width: int = Field(64, ge=1)
    halvings: int = Field(3, ge=1)
    norm: Literal["batch", "instance"] = "batch"
    """Batch in pix2pix; instance in CycleGAN, whose batches have a single image (Zhu et al., ICCV 2017)."""

    def check_patch(self, patch: int) -> None:
        """Raise a `UserError` if the patch is too small for the halvings."""
        _require_fields(self.halvings, patch)


class StructureDiscriminatorConfig(Frozen):
    """The discriminator of SINSR: residual blocks at three scales, followed by PatchGAN convolutions."""

    kind: Literal["structure"] = "structure"
    channels: int | None = Field(None, ge=1)
    width: int = Field(64, ge=1)
    halvings: int = Field(4, ge=1)

    def check_patch(self, patch: int) -> None:
        """Raise a `UserError` if the patch is too small for the halvings or is not a multiple of 4."""
        _require_fields(self.halvings, patch)
        if patch % 4:
            raise UserError(
                f"The structure discriminator halves twice, but {patch} px is not a multiple of 4; change train.patch."
            )


def _require_fields(halvings: int, patch: int) -> None:
    """Require 3 px after the halvings, because each of the two layers after them removes one pixel."""
    if patch >> halvings < 3:
        raise UserError(
            f"A discriminator with {halvings} halvings needs patches of at least {3 << halvings} px, not {patch}; "
            "raise train.patch or lower adversarial.discriminator.halvings."
        )


DiscriminatorConfig = Annotated[
    VGGDiscriminatorConfig | PatchDiscriminatorConfig | StructureDiscriminatorConfig, Field(discriminator="kind")
]
