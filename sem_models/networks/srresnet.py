"""SRResNet without batch norm (Ledig et al., CVPR 2017, in the form of ESRGAN's baseline)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SRResNetConfig(BaseModel):
    """Residual blocks at low resolution, pixel-shuffle enlargement, global bilinear skip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["srresnet"] = "srresnet"
    scale: Literal[1, 2, 3, 4, 8] = 4
    channels: int = Field(1, ge=1)
    blocks: int = Field(16, ge=1)
    width: int = Field(64, ge=1)
