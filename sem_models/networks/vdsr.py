"""VDSR (Kim et al., CVPR 2016): placeholder config until the network lands below."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class VDSRConfig(BaseModel):
    """Twenty plain 3x3 convolutions that predict the residual of a bicubic enlargement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vdsr"] = "vdsr"
    scale: int = Field(4, ge=1, le=8)
    channels: int = Field(1, ge=1)
    depth: int = Field(20, ge=3)
    width: int = Field(64, ge=1)
