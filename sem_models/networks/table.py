"""The table of networks: one line each. Adding a network means one file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import nn

from sem_models.networks import (
    dsrvae,
    frequency_split,
    mrn,
    nafnet,
    pix2pix,
    resnet_generator,
    rrdb,
    sinsr,
    spsr,
    srn,
    srresnet,
    swinir,
    unet,
    vdsr,
)
from sem_models.networks.capabilities import Capabilities

NetworkConfig = Annotated[
    vdsr.VDSRConfig
    | srresnet.SRResNetConfig
    | rrdb.RRDBConfig
    | spsr.SPSRConfig
    | swinir.SwinIRConfig
    | dsrvae.DSRVAEConfig
    | sinsr.SINSRConfig
    | nafnet.NAFNetConfig
    | unet.UNetConfig
    | srn.SRNConfig
    | mrn.MRNConfig
    | frequency_split.FrequencySplitConfig
    | resnet_generator.ResNetConfig
    | pix2pix.Pix2PixConfig,
    Field(discriminator="kind"),
]


@dataclass(frozen=True)
class NetworkSpec:
    """How to build a network from its config, and what an application must know about it."""

    build: Callable[[Any], nn.Module]
    capabilities: Callable[[Any], Capabilities]
    source: str
    """Address of the paper or of the original, for citations in exported models."""


NETWORKS: dict[str, NetworkSpec] = {
    "vdsr": NetworkSpec(vdsr.VDSR, vdsr.capabilities, "https://doi.org/10.1109/CVPR.2016.182"),
    "srresnet": NetworkSpec(srresnet.SRResNet, srresnet.capabilities, "https://doi.org/10.1109/CVPR.2017.19"),
    "rrdb": NetworkSpec(rrdb.RRDBNet, rrdb.capabilities, "https://doi.org/10.1007/978-3-030-11021-5_5"),
    "spsr": NetworkSpec(spsr.SPSRNet, spsr.capabilities, "https://doi.org/10.48550/arXiv.2003.13081"),
    "swinir": NetworkSpec(swinir.SwinIR, swinir.capabilities, "https://doi.org/10.1109/ICCVW54120.2021.00210"),
    "dsrvae": NetworkSpec(dsrvae.DSRVAE, dsrvae.capabilities, "https://doi.org/10.48550/arXiv.2004.12811"),
    "sinsr": NetworkSpec(sinsr.SINSR, sinsr.capabilities, "https://github.com/aaivu/CSM-SR"),
    "nafnet": NetworkSpec(nafnet.NAFNet, nafnet.capabilities, "https://doi.org/10.1007/978-3-031-20071-7_2"),
    "unet": NetworkSpec(unet.UNet, unet.capabilities, "https://doi.org/10.1007/978-3-319-24574-4_28"),
    "srn": NetworkSpec(srn.SRN, srn.capabilities, "https://doi.org/10.1016/j.actamat.2021.116987"),
    "mrn": NetworkSpec(mrn.MRN, mrn.capabilities, "https://doi.org/10.1016/j.actamat.2021.116987"),
    "frequency-split": NetworkSpec(
        frequency_split.FrequencySplit, frequency_split.capabilities, "https://doi.org/10.1007/978-3-319-24574-4_28"
    ),
    "resnet": NetworkSpec(
        resnet_generator.ResNetGenerator, resnet_generator.capabilities, "https://doi.org/10.1109/ICCV.2017.244"
    ),
    "pix2pix": NetworkSpec(pix2pix.Pix2Pix, pix2pix.capabilities, "https://doi.org/10.1109/CVPR.2017.632"),
}


def build_network(config: NetworkConfig) -> nn.Module:
    """A freshly initialised network: (N, C, H, W) float32 in [0, 1] to (N, C, H x scale, W x scale)."""
    return NETWORKS[config.kind].build(config)


def capabilities(config: NetworkConfig) -> Capabilities:
    """Scale, channels, halo and memory format of the network that `config` describes."""
    return NETWORKS[config.kind].capabilities(config)


def parameter_count(config: NetworkConfig) -> int:
    """Number of trainable parameters."""
    # Counting needs no numbers, which for the largest networks take a second to draw.
    with torch.device("meta"):
        network = build_network(config)
    return sum(parameter.numel() for parameter in network.parameters())
