"""All networks of the table as functions of an image, including those that predict noise."""

import torch
from torch import Tensor, nn

from sem_models.config.networks.table import capabilities
from sem_models.networks.table import build_network as build


class AtOneTime(nn.Module):
    """A noise-predicting network at a fixed noisy image and time, as a function of the condition."""

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        self.network, self.channels = network, channels

    def forward(self, condition: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        shape = (len(condition), self.channels, *condition.shape[2:])
        x_t = torch.randn(shape, generator=generator).to(condition)
        return self.network(x_t, torch.full((len(condition),), 400), condition)


def build_network(config) -> nn.Module:
    """Build a network from the table so that it can pass the same contract as all others."""
    network, facts = build(config), capabilities(config)
    return AtOneTime(network, facts.channels_out) if facts.auxiliary == "noise" else network
