"""The table of networks. Their settings and capabilities are in `sem_models/config/networks`."""

from collections.abc import Callable
from functools import cache
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from sem_models.config.networks.table import NetworkConfig
from sem_models.networks.blind_spot_unet import BlindSpotUNet
from sem_models.networks.diffusion_unet import DiffusionUNet
from sem_models.networks.dsrvae import DSRVAE
from sem_models.networks.frequency_split import FrequencySplit
from sem_models.networks.grey_adapter import GreyAdapter
from sem_models.networks.hat import HAT
from sem_models.networks.inpainter import Inpainter
from sem_models.networks.mrn import MRN
from sem_models.networks.nafnet import NAFNet
from sem_models.networks.onnx_graph import OnnxGraph
from sem_models.networks.pix2pix import Pix2Pix
from sem_models.networks.refocuser import Refocuser
from sem_models.networks.resnet_generator import ResNetGenerator
from sem_models.networks.rrdb import RRDBNet
from sem_models.networks.sinsr import SINSR
from sem_models.networks.spandrel import SpandrelNetwork
from sem_models.networks.spsr import SPSRNet
from sem_models.networks.srn import SRN
from sem_models.networks.srresnet import SRResNet
from sem_models.networks.swinir import SwinIR
from sem_models.networks.unet import UNet
from sem_models.networks.vdsr import VDSR

NETWORKS: dict[str, Callable[[Any], nn.Module]] = {
    "vdsr": VDSR,
    "srresnet": SRResNet,
    "rrdb": RRDBNet,
    "spsr": SPSRNet,
    "swinir": SwinIR,
    "hat": HAT,
    "dsrvae": DSRVAE,
    "sinsr": SINSR,
    "nafnet": NAFNet,
    "unet": UNet,
    "srn": SRN,
    "mrn": MRN,
    "frequency-split": FrequencySplit,
    "inpainter": Inpainter,
    "refocuser": Refocuser,
    "resnet": ResNetGenerator,
    "diffusion-unet": DiffusionUNet,
    "pix2pix": Pix2Pix,
    "blind-spot-unet": BlindSpotUNet,
    "spandrel": SpandrelNetwork,
    "grey-adapter": GreyAdapter,
    "onnx-graph": OnnxGraph,
}


def build_network(config: NetworkConfig) -> nn.Module:
    """Build an untrained network, which maps (N, C, H, W) float32 in [0, 1] to (N, C', H x scale, W x scale)."""
    return NETWORKS[config.kind](config)


@cache
def parameter_count(config: NetworkConfig) -> int:
    """Return the number of trainable parameters."""
    with _NoDraws():
        network = build_network(config)
    return sum(parameter.numel() for parameter in network.parameters())


class _NoDraws(TorchFunctionMode):
    """Zeros instead of random numbers: the weights of the largest networks take a second to draw."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function in _DRAWS or getattr(function, "__module__", "") == nn.init.__name__:
            tensor: Tensor = args[0] if args else kwargs["tensor"]
            # Not left as it was allocated: a truncated normal distribution is drawn until all numbers fit.
            return tensor.data.zero_()
        return function(*args, **kwargs or {})


_DRAWS = {Tensor.normal_, Tensor.uniform_}
