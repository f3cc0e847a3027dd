"""Settings of networks: channels under any field name, and facts that agree with the network built from them."""

from typing import Any, get_args

import pytest
import torch

from sem_models.config.networks.dsrvae import DSRVAEConfig
from sem_models.config.networks.frequency_split import FrequencySplitConfig
from sem_models.config.networks.grey_adapter import GreyAdapterConfig
from sem_models.config.networks.inpainter import InpainterConfig
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.networks.onnx_graph import OnnxGraphConfig
from sem_models.config.networks.pix2pix import Pix2PixConfig
from sem_models.config.networks.refocuser import RefocuserConfig
from sem_models.config.networks.rrdb import RRDBConfig
from sem_models.config.networks.spandrel import SpandrelConfig
from sem_models.config.networks.swinir import SwinIRConfig
from sem_models.config.networks.table import NETWORK_FACTS, NetworkConfig, capabilities, with_channels
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.networks.vdsr import VDSRConfig
from sem_models.networks.table import build_network

GREY = GreyAdapterConfig(inner=SwinIRConfig(channels=3))
IMPORTED = (SpandrelConfig, GreyAdapterConfig, OnnxGraphConfig)
"""Have the channels that their file has."""
WRAPPERS = (FrequencySplitConfig, InpainterConfig, RefocuserConfig, *IMPORTED)
KINDS = [kind for kind in get_args(get_args(NetworkConfig)[0]) if kind not in WRAPPERS]
CONFIGS = [
    *(kind() for kind in KINDS),
    FrequencySplitConfig(inner=NAFNetConfig()),
    FrequencySplitConfig(inner=UNetConfig()),
    InpainterConfig(inner=NAFNetConfig(channels=2)),
    RefocuserConfig(inner=NAFNetConfig(channels=2)),
    InpainterConfig(inner=UNetConfig(channels_in=2, channels_out=2, residual=True)),
]


def test_every_network_has_facts() -> None:
    imported = {kind.model_fields["kind"].default for kind in IMPORTED}
    assert {config.kind for config in CONFIGS} | imported == set(NETWORK_FACTS)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.kind)
def test_channels_are_set_whatever_they_are_called(config: NetworkConfig) -> None:
    # A mask, or the width of the blur, goes in beside the image and does not come out.
    wanted = (5, 4) if isinstance(config, InpainterConfig | RefocuserConfig) else (5, 5)
    changed = with_channels(config, *wanted)
    assert _channels(changed) == wanted
    assert with_channels(changed, *_channels(config)) == config


def _channels(config: NetworkConfig) -> tuple[int, int]:
    return capabilities(config).channels_in, capabilities(config).channels_out


@pytest.mark.parametrize("config", [UNetConfig(), FrequencySplitConfig(inner=UNetConfig())])
def test_input_and_output_may_differ_where_the_network_allows_it(config: NetworkConfig) -> None:
    assert _channels(with_channels(config, 3, 2)) == (3, 2)


@pytest.mark.parametrize(
    ("config", "wanted"),
    [(VDSRConfig(), (3, 2)), (FrequencySplitConfig(inner=NAFNetConfig()), (3, 2)), (VDSRConfig(), (0, 0)),
     (UNetConfig(residual=True), (3, 2)), (GREY, (3, 3)), (OnnxGraphConfig(stored_bytes=1), (2, 2))],
)  # fmt: skip
def test_channels_that_a_network_cannot_have_are_refused(config: NetworkConfig, wanted: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="channels"):
        with_channels(config, *wanted)


@pytest.mark.parametrize(
    ("config", "probabilities"),
    [
        (UNetConfig(depth=1, width=4, head="sigmoid"), True),
        (UNetConfig(depth=1, width=4), False),
        (Pix2PixConfig(levels=2, width=4), True),
    ],
)
def test_probabilities_stay_between_zero_and_one_in_32_bit(config: Any, probabilities: bool) -> None:
    assert capabilities(config).probabilities is probabilities
    torch.manual_seed(0)
    network = build_network(config).eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        output = network(100 * torch.randn(1, 1, 16, 16))
    inside = bool(((output >= 0) & (output <= 1)).all()) and output.dtype == torch.float32
    assert inside is probabilities


@pytest.mark.parametrize("denoise", [True, False])
def test_the_code_of_a_denoising_stage_is_the_one_it_takes(denoise: bool) -> None:
    config = DSRVAEConfig(scale=2, patch=32, code=7, hidden=5, width=4, blocks=1, denoise=denoise)
    latent, network = capabilities(config).latent, build_network(config)
    assert (latent is not None) is denoise
    x = torch.rand(1, 1, 32, 32)
    if latent is None:
        with pytest.raises(RuntimeError, match="no stage 1"):
            network.denoise(x, torch.zeros(1, 7))
    else:
        assert network.denoise(x, torch.zeros(1, latent.length)).shape[-1] == latent.patch


def test_networks_for_colours_alone_are_adapted_to_grey() -> None:
    assert _channels(GREY) == (1, 1)
    assert with_channels(GREY, 1, 1) == GREY
    with pytest.raises(ValueError, match="3 channels"):
        GreyAdapterConfig(inner=SwinIRConfig())


def test_means_belong_to_channels_and_blocks_to_scales() -> None:
    with pytest.raises(ValueError, match="mean must be empty"):
        SwinIRConfig(mean=(0.4, 0.5))
    with pytest.raises(ValueError, match="at most 8"):
        RRDBConfig(scale=4, unshuffle=4)
