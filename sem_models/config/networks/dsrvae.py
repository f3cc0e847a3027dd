"""dSRVAE (Liu et al., CVPR Workshops 2020): settings and reach."""

from typing import Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks.capabilities import Capabilities, LatentCode
from sem_models.config.networks.reach import cubic_halo

DENOISE_BLOCKS = 3
"""Residual blocks of stage 1."""


class DSRVAEConfig(Frozen):
    """Settings of dSRVAE.

    The paper uses patches of 128 px, a code of length 512, hidden layers of width 4096, and for super-resolution 4
    blocks of width 64.
    """

    kind: Literal["dsrvae"] = "dsrvae"
    scale: Literal[1, 2, 4, 8] = 4
    channels: int = Field(1, ge=1)
    width: int = Field(64, ge=1)
    blocks: int = Field(4, ge=1)
    denoise: bool = True
    """Whether the enlargement is preceded by stage 1, the denoiser."""
    patch: Literal[32, 64, 128] = 128
    """Edge length, in low-resolution pixels, of the patch that one code describes."""
    code: int = Field(512, ge=1)
    hidden: int = Field(4096, ge=1)


def capabilities(config: DSRVAEConfig) -> Capabilities:
    """Return the capabilities; the receptive field adds up the convolutions at output size and those of stage 1.

    The map that stage 1 draws from the mean code does not depend on the image. Its convolutions reach less than half a
    patch, and the patches that overlap at a pixel together cover half a patch on each side of it.
    """
    denoising = 3 + 2 * DENOISE_BLOCKS + 1 if config.denoise else 0
    reach = cubic_halo(config.scale, reach=2 * config.blocks + 2) + denoising
    return Capabilities(
        channels_in=config.channels,
        channels_out=config.channels,
        scale=config.scale,
        receptive_field=reach,
        size_multiple=config.patch // 2 if config.denoise else 1,
        training_patch=config.patch if config.denoise else None,
        latent=LatentCode(config.code, config.hidden, config.patch) if config.denoise else None,
    )
