"""Discriminators: settings."""

from typing import Annotated, Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.errors import SettingRef, UserError


class VGGDiscriminatorConfig(Frozen):
    """One logit a patch, after BasicSR (Wang et al., 2018): pairs of convolutions, each pair halves the size."""

    kind: Literal["vgg"] = "vgg"
    channels: int | None = Field(None, ge=1)
    """None: as many as it is shown, as for the others too."""
    size: int = Field(128, ge=32, multiple_of=32)
    """Edge of the patch in pixels: the last layers are dense."""
    width: int = Field(64, ge=1)

    def check_patch(self, patch: int) -> None:
        """Raises a `UserError` for patches of another size."""
        if self.size != patch:
            raise UserError(
                f"The discriminator judges patches of {self.size} px, but train.patch is {patch}; use ",
                SettingRef("adversarial.discriminator.size", patch),
                " (a multiple of 32).",
            )


class PatchDiscriminatorConfig(Frozen):
    """One logit for each overlapping field of 70 px with three halvings (Isola et al., CVPR 2017)."""

    kind: Literal["patch"] = "patch"
    channels: int | None = Field(None, ge=1)
    width: int = Field(64, ge=1)
    halvings: int = Field(3, ge=1)
    norm: Literal["batch", "instance"] = "batch"
    """Batch in pix2pix, instance in CycleGAN, which learns from single images (Zhu et al., ICCV 2017)."""

    def check_patch(self, patch: int) -> None:
        """Raises a `UserError` for patches of which the halvings leave too little."""
        _require_fields(self.halvings, patch)


class StructureDiscriminatorConfig(Frozen):
    """Residual blocks at three scales, then PatchGAN convolutions: SINSR's."""

    kind: Literal["structure"] = "structure"
    channels: int | None = Field(None, ge=1)
    width: int = Field(64, ge=1)
    halvings: int = Field(4, ge=1)

    def check_patch(self, patch: int) -> None:
        """Raises a `UserError` for patches of which the halvings leave too little, or that do not halve twice."""
        _require_fields(self.halvings, patch)
        if patch % 4:
            raise UserError(
                f"The structure discriminator halves twice, but {patch} px are not a multiple of 4; change train.patch."
            )


def _require_fields(halvings: int, patch: int) -> None:
    """What the halvings leave must be 3 px: the two layers after them take one pixel each."""
    if patch >> halvings < 3:
        raise UserError(
            f"A discriminator with {halvings} halvings needs patches of {3 << halvings} px at least, not {patch}; "
            "raise train.patch or lower adversarial.discriminator.halvings."
        )


DiscriminatorConfig = Annotated[
    VGGDiscriminatorConfig | PatchDiscriminatorConfig | StructureDiscriminatorConfig, Field(discriminator="kind")
]
