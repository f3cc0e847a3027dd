"""A prediction in strips of rows equals the computation of all rows at once, and holds fewer features."""

import pytest
import torch

from sem_models.config.networks.rrdb import RRDBConfig
from sem_models.config.networks.sinsr import SINSRConfig
from sem_models.config.networks.spsr import SPSRConfig
from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.config.networks.swinir import SwinIRConfig
from sem_models.config.networks.table import NetworkConfig
from sem_models.config.networks.unet import UNetConfig
from sem_models.inference.tiling.memory import LiveBytes
from sem_models.networks.strips import by_strips
from sem_models.networks.table import build_network

CONFIGS: list[NetworkConfig] = [
    SRResNetConfig(scale=4, width=8, blocks=1),
    RRDBConfig(scale=4, width=8, growth=4, blocks=1),
    SPSRConfig(scale=2, width=4, growth=2, blocks=4),
    SINSRConfig(scale=4, width=8, high_width=8, blocks=4),
    SwinIRConfig(scale=2, width=8, heads=2, groups=1, layers=2, window=4),
    SwinIRConfig(scale=2, width=8, heads=2, groups=1, layers=2, window=4, direct=True),
    UNetConfig(depth=2, width=8),
    UNetConfig(variant="n2v2", depth=2, width=8),
    UNetConfig(variant="batch-norm", upsampling="resize", depth=1, width=8),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.kind)
def test_strips_equal_the_whole(config: NetworkConfig) -> None:
    torch.manual_seed(0)
    network = build_network(config).eval()
    for parameter in network.parameters():
        parameter.data.add_(0.05 * torch.randn(parameter.shape))
    x = torch.rand(1, 1, 264, 16)
    with torch.no_grad():
        expected = network(x)
    with torch.inference_mode():
        found = network(x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("config", [CONFIGS[0], CONFIGS[4], CONFIGS[6]], ids=lambda config: config.kind)
def test_strips_take_less_memory(config: NetworkConfig) -> None:
    network, x = build_network(config).eval(), torch.rand(1, 1, 520, 8)
    with torch.no_grad(), LiveBytes() as whole:
        network(x)
    with torch.inference_mode(), LiveBytes() as strips:
        network(x)
    assert strips.peak < 0.7 * whole.peak


def test_each_row_sees_its_neighbours_in_all_inputs() -> None:
    """Coarse rows and twice as many fine ones; the sum over three rows has to look beyond the strip."""
    calls = []

    def add(coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
        calls.append(coarse.shape[2])
        padded = torch.nn.functional.pad(fine + coarse.repeat_interleave(2, 2), (0, 0, 1, 1))
        return padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]

    coarse, fine = torch.rand(1, 2, 200, 3), torch.rand(1, 2, 400, 3)
    with torch.inference_mode():
        assert torch.equal(by_strips(add, coarse, fine, reach=1), add(coarse, fine))
    assert len(calls) == 5
    assert sum(calls[:-1]) == 200 + 2 * 3
