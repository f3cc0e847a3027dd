"""Perceptual losses: distances between VGG features of one deep layer, or of the last layer of every block.

All take float images of shape (N, 1 or 3, H, W), nominally in [0, 1], and return a scalar. VGG16, which a recipe must
name, can replace VGG19 where the weights of VGG19 are not available.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.bf16 import has_bf16_units
from sem_models.config.training import Backbone
from sem_models.errors import SettingRef, UserError
from sem_models.features.vgg import FeaturesUnavailable, VggFeatures, require_backbone

_DEEPEST: dict[Backbone, tuple[str, ...]] = {"vgg19": ("conv5_4",), "vgg16": ("conv5_3",)}
_LEVELS: dict[Backbone, tuple[str, ...]] = {
    "vgg19": ("relu1_2", "relu2_2", "relu3_4", "relu4_4", "relu5_4"),
    "vgg16": ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"),
}
_TINY = 1e-10
SMALLEST_PATCH = 32


def perceptual_vgg19(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean absolute difference of VGG19 features, conv5_4 before activation (Wang et al., ESRGAN, 2018)."""
    return _deepest("vgg19", output, target)


def perceptual_vgg16(output: Tensor, target: Tensor) -> Tensor:
    """Compute the mean absolute difference of VGG16 features, conv5_3 before activation."""
    return _deepest("vgg16", output, target)


def perceptual_levels_vgg19(output: Tensor, target: Tensor) -> Tensor:
    """Compute the squared distance of unit-length feature vectors, averaged over positions and five blocks of VGG19.

    This is LPIPS (Zhang et al., 2018) without its learned weights. Unlike the deepest layer alone, it compares textures
    of every size.
    """
    return _levels("vgg19", output, target)


def perceptual_levels_vgg16(output: Tensor, target: Tensor) -> Tensor:
    """Compute `perceptual_levels_vgg19` with the features of VGG16."""
    return _levels("vgg16", output, target)


def deepest_features(backbone: Backbone) -> VggFeatures:
    """Return the network of the deepest features before activation. Its weights are read once per process.

    Raises:
        UserError: The weights are not available; the message names the file and the alternative.
    """
    return _features(backbone, _DEEPEST[backbone])


@cache
def _features(backbone: Backbone, layers: tuple[str, ...]) -> VggFeatures:
    try:
        # Channels last is the faster format here: measured 1.2 times as fast on a CPU, 2.5 times together with bf16.
        return VggFeatures(backbone, layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    except FeaturesUnavailable as error:
        raise _advice(backbone, error) from error


def require_weights(backbone: Backbone) -> None:
    """Check that the weights are available, without reading them.

    Raises:
        UserError: They are not; the message names the file and the alternative.
    """
    try:
        require_backbone(backbone)
    except FeaturesUnavailable as error:
        raise _advice(backbone, error) from error


def _advice(backbone: Backbone, error: FeaturesUnavailable) -> UserError:
    other = "vgg16" if backbone == "vgg19" else "vgg19"
    return UserError(f"The perceptual loss needs {backbone}: {error}; or ", SettingRef("perceptual", other), ".")


def _deepest(backbone: Backbone, output: Tensor, target: Tensor) -> Tensor:
    ((seen, wanted),) = _both(_features(backbone, _DEEPEST[backbone]), output, target)
    return F.l1_loss(seen, wanted)


def _levels(backbone: Backbone, output: Tensor, target: Tensor) -> Tensor:
    pairs = _both(_features(backbone, _LEVELS[backbone]), output, target)
    return torch.stack([(_unit(seen) - _unit(wanted)).square().sum(1).mean() for seen, wanted in pairs]).mean()


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True) + _TINY).sqrt()


def _both(features: VggFeatures, output: Tensor, target: Tensor) -> list[tuple[Tensor, Tensor]]:
    features, device = features.to(output.device), output.device.type
    # The features take most of a step: half precision, which a loss can afford, halves that where hardware has it.
    with torch.autocast(device, torch.bfloat16, enabled=has_bf16_units(device)):
        seen = features(output)
        with torch.no_grad():
            wanted = features(target)
    return [(one.float(), other.float()) for one, other in zip(seen, wanted, strict=True)]
