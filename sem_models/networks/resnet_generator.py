"""A minimal residual generator of scale 1."""

from typing import Literal

import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from sem_models.networks.capabilities import Capabilities


class ResNetConfig(BaseModel):
    """Two halvings, residual blocks, two doublings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["resnet"] = "resnet"
    blocks: int = Field(9, ge=1)
    width: int = Field(64, ge=1)
    channels_in: int = Field(1, ge=1)
    channels_out: int = Field(1, ge=1)
    upsampling: Literal["transposed", "resize"] = "resize"
    residual: bool = False


class ResNetGenerator(nn.Module):
    """(N, C, H, W) to the same size."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.residual = config.residual
        self.head = nn.Conv2d(config.channels_in, config.width, 7, padding=3)
        self.blocks = nn.ModuleList(nn.Conv2d(config.width, config.width, 3, padding=1) for _ in range(config.blocks))
        self.tail = nn.Conv2d(config.width, config.channels_out, 7, padding=3)
        nn.init.normal_(self.tail.weight, std=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same size."""
        y = F.relu(self.head(x))
        for block in self.blocks:
            y = y + block(F.relu(y))
        drawn: Tensor = self.tail(y)
        return x + drawn if self.residual else drawn


def capabilities(config: ResNetConfig) -> Capabilities:
    """An upper bound."""
    return Capabilities(config.channels_in, config.channels_out, 1, 6 + config.blocks, size_multiple=4)
