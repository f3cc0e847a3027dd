"""Perceptual loss: distance of VGG features before the activation (Johnson et al., 2016; Wang et al., ESRGAN, 2018)."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.errors import UserError
from sem_models.features.vgg import Backbone, FeaturesUnavailable, VggFeatures, require_backbone

_DEEPEST: dict[Backbone, str] = {"vgg19": "conv5_4", "vgg16": "conv5_3"}
SMALLEST_PATCH = 32


def perceptual_vgg19(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the features of VGG19 conv5_4 before its activation."""
    return _distance("vgg19", output, target)


def perceptual_vgg16(output: Tensor, target: Tensor) -> Tensor:
    """The same with VGG16 conv5_3: a stand-in that is named, for where the weights of VGG19 are not to be had."""
    return _distance("vgg16", output, target)


@cache
def deepest_features(backbone: Backbone) -> VggFeatures:
    """The deepest features before activation, read once a process.

    Raises:
        UserError: The weights are not to be had; the message names the file and the alternative.
    """
    try:
        # Channels last is the faster format here: measured 1.2 times on a CPU, 2.5 times together with bf16.
        return VggFeatures(backbone, (_DEEPEST[backbone],)).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    except FeaturesUnavailable as error:
        raise _advice(backbone, error) from error


def require_weights(backbone: Backbone) -> None:
    """Look whether the weights are there, without reading them.

    Raises:
        UserError: They are not; the message names the file and the alternative.
    """
    try:
        require_backbone(backbone)
    except FeaturesUnavailable as error:
        raise _advice(backbone, error) from error


def _advice(backbone: Backbone, error: FeaturesUnavailable) -> UserError:
    other = "vgg16" if backbone == "vgg19" else "vgg19"
    return UserError(f"The perceptual loss needs {backbone}: {error}; or --set perceptual={other}.")


def _distance(backbone: Backbone, output: Tensor, target: Tensor) -> Tensor:
    features = deepest_features(backbone).to(output.device)
    with torch.autocast(output.device.type, torch.bfloat16, enabled=_half_is_fast(output)):
        seen = features(output)[0]
        with torch.no_grad():
            wanted = features(target)[0]
    return F.l1_loss(seen.float(), wanted.float())


def _half_is_fast(x: Tensor) -> bool:
    """The features take most of a step: half precision, which a loss can afford, halves that where hardware has it."""
    if x.device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
