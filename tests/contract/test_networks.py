"""One row a network: config, parameter count of the paper or by hand; every row passes the same contract."""

import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import load, save

from sem_models.networks.srresnet import SRResNetConfig
from sem_models.networks.table import NETWORKS, build_network, capabilities
from sem_models.networks.vdsr import VDSRConfig

ROWS: list[tuple[BaseModel, int]] = [
    (VDSRConfig(), 664_704),
    (VDSRConfig(scale=4, depth=5, width=8), 9 * (8 + 3 * 64 + 8)),
    (SRResNetConfig(), 1_515_265),
    (SRResNetConfig(scale=2, blocks=2, width=8), (80 + 4 * 584) + (8 * 32 * 9 + 32) + 584 + 73),
]
SMALL = [config for config, count in ROWS if count < 10_000]


def test_every_network_has_a_row() -> None:
    assert {config.kind for config, _ in ROWS} == set(NETWORKS)
    assert {config.kind for config in SMALL} == set(NETWORKS)


@pytest.mark.parametrize(("config", "count"), ROWS, ids=str)
def test_parameter_count(config, count: int) -> None:
    assert sum(p.numel() for p in build_network(config).parameters()) == count


@pytest.mark.parametrize("config", SMALL, ids=str)
def test_shape_and_gradient(config) -> None:
    facts, network = capabilities(config), build_network(config)
    x = torch.rand(2, facts.channels_in, 12, 17)
    y = network(x)
    assert y.shape == (2, facts.channels_out, 12 * facts.scale, 17 * facts.scale)
    assert y.dtype == torch.float32
    y.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


SCALES = [
    *(VDSRConfig(scale=scale, depth=depth, width=2) for scale in range(1, 9) for depth in (3, 5, 8)),
    *(SRResNetConfig(scale=scale, blocks=blocks, width=2) for scale in (1, 2, 4, 8) for blocks in (1, 3)),
]


def test_every_network_is_measured_for_its_reach() -> None:
    assert {config.kind for config in SCALES} == set(NETWORKS)


@pytest.mark.parametrize("config", SCALES, ids=str)
def test_receptive_field_is_the_reach_of_the_gradient(config) -> None:
    """Positive weights, so that nothing cancels: the gradient ends exactly where the network says it does."""
    facts, network = capabilities(config), build_network(config).double()
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 0.2)
    size, centre = 2 * facts.receptive_field + 9, facts.receptive_field + 4
    x = torch.rand(1, facts.channels_in, size, size, dtype=torch.float64, requires_grad=True)
    at = centre * facts.scale
    network(x)[0, 0, at : at + facts.scale, at : at + facts.scale].sum().backward()
    share = x.grad.abs().sum(dim=(0, 1, 3)) / x.grad.abs().max()
    rows = torch.nonzero(share > 1e-14).flatten()
    assert max(centre - int(rows.min()), int(rows.max()) - centre) == facts.receptive_field


@pytest.mark.parametrize("config", SMALL, ids=str)
def test_saved_and_channels_last_give_the_same(config) -> None:
    facts, network = capabilities(config), build_network(config)
    other = build_network(config)
    other.load_state_dict(load(save(network.state_dict())))
    x = torch.rand(1, facts.channels_in, 24, 24)
    with torch.inference_mode():
        expected = network(x)
        assert torch.equal(other(x), expected)
        fast = other.to(memory_format=torch.channels_last)(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(fast, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("config", SMALL, ids=str)
def test_untrained_network_is_near_the_bicubic_floor(config) -> None:
    from sem_models.physics.downsampling import upsample

    facts, network = capabilities(config), build_network(config)
    x = torch.rand(1, facts.channels_in, 24, 24)
    with torch.inference_mode():
        assert (network(x) - upsample(x, facts.scale)).abs().mean() < 0.05
