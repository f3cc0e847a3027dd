"""The table of networks: their settings, their capabilities and the publications they come from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from sem_models.config.networks import (
    blind_spot_unet,
    diffusion_unet,
    dsrvae,
    frequency_split,
    grey_adapter,
    hat,
    inpainter,
    mrn,
    nafnet,
    onnx_graph,
    pix2pix,
    refocuser,
    resnet_generator,
    rrdb,
    sinsr,
    spandrel,
    spsr,
    srn,
    srresnet,
    swinir,
    unet,
    vdsr,
)
from sem_models.config.networks.capabilities import Capabilities

NetworkConfig = Annotated[
    vdsr.VDSRConfig
    | srresnet.SRResNetConfig
    | rrdb.RRDBConfig
    | spsr.SPSRConfig
    | swinir.SwinIRConfig
    | hat.HATConfig
    | dsrvae.DSRVAEConfig
    | sinsr.SINSRConfig
    | nafnet.NAFNetConfig
    | unet.UNetConfig
    | srn.SRNConfig
    | mrn.MRNConfig
    | frequency_split.FrequencySplitConfig
    | inpainter.InpainterConfig
    | refocuser.RefocuserConfig
    | resnet_generator.ResNetConfig
    | diffusion_unet.DiffusionUNetConfig
    | pix2pix.Pix2PixConfig
    | blind_spot_unet.BlindSpotUNetConfig
    | spandrel.SpandrelConfig
    | grey_adapter.GreyAdapterConfig
    | onnx_graph.OnnxGraphConfig,
    Field(discriminator="kind"),
]


@dataclass(frozen=True)
class NetworkFacts:
    """Facts about a kind of network that are known without building one."""

    capabilities: Callable[[Any], Capabilities]
    source: str
    """URL of the paper or of the original code, cited in exported models."""
    packages: tuple[str, ...] = ()
    """Python packages whose code is the network, so that models need them as well."""


NETWORK_FACTS: dict[str, NetworkFacts] = {
    "vdsr": NetworkFacts(vdsr.capabilities, "https://doi.org/10.1109/CVPR.2016.182"),
    "srresnet": NetworkFacts(srresnet.capabilities, "https://doi.org/10.1109/CVPR.2017.19"),
    "rrdb": NetworkFacts(rrdb.capabilities, "https://doi.org/10.1007/978-3-030-11021-5_5"),
    "spsr": NetworkFacts(spsr.capabilities, "https://doi.org/10.48550/arXiv.2003.13081"),
    "swinir": NetworkFacts(swinir.capabilities, "https://doi.org/10.1109/ICCVW54120.2021.00210"),
    "hat": NetworkFacts(hat.capabilities, "https://doi.org/10.1109/CVPR52729.2023.02142"),
    "dsrvae": NetworkFacts(dsrvae.capabilities, "https://doi.org/10.48550/arXiv.2004.12811"),
    "sinsr": NetworkFacts(sinsr.capabilities, "https://github.com/aaivu/CSM-SR"),
    "nafnet": NetworkFacts(nafnet.capabilities, "https://doi.org/10.1007/978-3-031-20071-7_2"),
    "unet": NetworkFacts(unet.capabilities, "https://doi.org/10.1007/978-3-319-24574-4_28"),
    "srn": NetworkFacts(srn.capabilities, "https://doi.org/10.1016/j.actamat.2021.116987"),
    "mrn": NetworkFacts(mrn.capabilities, "https://doi.org/10.1016/j.actamat.2021.116987"),
    "frequency-split": NetworkFacts(frequency_split.capabilities, "https://doi.org/10.1007/978-3-319-24574-4_28"),
    "inpainter": NetworkFacts(inpainter.capabilities, "https://doi.org/10.1007/978-3-319-24574-4_28"),
    "refocuser": NetworkFacts(refocuser.capabilities, "https://doi.org/10.1109/CVPR.2018.00344"),
    "resnet": NetworkFacts(resnet_generator.capabilities, "https://doi.org/10.1109/ICCV.2017.244"),
    "diffusion-unet": NetworkFacts(diffusion_unet.capabilities, "https://doi.org/10.48550/arXiv.2006.11239"),
    "pix2pix": NetworkFacts(pix2pix.capabilities, "https://doi.org/10.1109/CVPR.2017.632"),
    "blind-spot-unet": NetworkFacts(blind_spot_unet.capabilities, "https://doi.org/10.48550/arXiv.1901.10277"),
    "spandrel": NetworkFacts(spandrel.capabilities, "https://github.com/chaiNNer-org/spandrel", ("spandrel",)),
    "onnx-graph": NetworkFacts(onnx_graph.capabilities, "https://doi.org/10.1101/2022.06.07.495102", ("onnxruntime",)),
    "grey-adapter": NetworkFacts(grey_adapter.capabilities, "https://github.com/chaiNNer-org/spandrel"),
}


def capabilities(config: NetworkConfig) -> Capabilities:
    """Return the capabilities (scale, channels, halo, memory format, ...) of the network that `config` describes."""
    return NETWORK_FACTS[config.kind].capabilities(config)


def packages(config: NetworkConfig) -> tuple[str, ...]:
    """Return the Python packages whose code is the network; empty for our own networks."""
    inner = config.inner if isinstance(config, grey_adapter.GreyAdapterConfig) else config
    return NETWORK_FACTS[inner.kind].packages


def with_channels(config: NetworkConfig, channels_in: int, channels_out: int) -> NetworkConfig:
    """Return the settings of the same network for other numbers of channels, whatever its fields are called.

    Raises:
        ValueError: The network has as many output as input channels, but `channels_in` and `channels_out` differ; or
            a number of channels is out of range.
    """
    if isinstance(config, frequency_split.FrequencySplitConfig):
        inner = with_channels(config.inner, channels_in, channels_out)
        return config.model_validate({**dict(config), "inner": inner})
    if isinstance(config, inpainter.InpainterConfig | refocuser.RefocuserConfig):
        # The inner network returns the mask, or the width, as an additional channel.
        inner = with_channels(config.inner, channels_in, channels_out + 1)
        return config.model_validate({**dict(config), "inner": inner})
    if isinstance(config, grey_adapter.GreyAdapterConfig | onnx_graph.OnnxGraphConfig):
        if (channels_in, channels_out) != (1, 1):
            raise ValueError(
                f"{config.kind} takes and gives one channel, not {channels_in} and {channels_out} channels"
            )
        return config
    if "channels" not in type(config).model_fields:
        return config.model_validate({**dict(config), "channels_in": channels_in, "channels_out": channels_out})
    if channels_in != channels_out:
        raise ValueError(
            f"{config.kind} has as many output as input channels; {channels_in} in and {channels_out} out is impossible"
        )
    return config.model_validate({**dict(config), "channels": channels_in})
