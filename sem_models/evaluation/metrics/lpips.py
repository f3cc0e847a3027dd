"""LPIPS (Zhang et al., CVPR 2018) through the `lpips` package, never on untrained features."""

import warnings
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d

from sem_models.features.weights import backbone_file, declare_torchvision_ops, report_damage
from sem_models.inference.predictor import choose_device

_BACKBONE_FILE = "alexnet-owt-7be5be79.pth"
_SMALLEST = 32
_EPSILON = 1e-10
_BLOCK = 2**18
"""Values of a feature that are compared at once."""


def lpips_alex(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Compute LPIPS with the AlexNet backbone, v0.1: 0 is identical, lower is better.

    Args:
        output: (H, W), grey, repeated to three channels and mapped from [0, data_range] to [-1, 1].
        target: The same shape; NaN is returned below 32 pixels.
        data_range: Value of white; values outside [0, data_range] are clipped.

    Raises:
        FeaturesUnavailable: Trained weights are missing or damaged; random weights are never used.
    """
    return TargetFeatures(target, data_range).lpips(output)


class TargetFeatures:
    """The features of a target, computed once for all outputs that are compared with it."""

    def __init__(self, target: NDArray[np.float32], data_range: float) -> None:
        """Compute them; arguments and errors are those of `lpips_alex`."""
        self._data_range = data_range
        self._features: list[Tensor] = []
        if min(target.shape) >= _SMALLEST:
            self._network = _grey_network()
            with torch.inference_mode():
                self._features = self._network.features(_prepare(target, data_range))
                for feature in self._features:
                    _normalise(feature)

    def lpips(self, output: NDArray[np.float32]) -> float:
        """Return LPIPS of an output of the same shape."""
        if not self._features:
            return float("nan")
        with torch.inference_mode():
            features = self._network.features(_prepare(output, self._data_range))
            layers = zip(features, self._features, self._network.weights, strict=True)
            return float(sum(_distance(*layer) for layer in layers))


class _GreyNetwork:
    """The AlexNet of LPIPS for grey images that stand for three equal channels.

    Its first layer has one input channel with the sum of the weights of three. What the offsets of the channels add is
    the same for all images of a size: it differs from a constant only at the edges, where zeros are added around the
    image after the offsets.
    """

    def __init__(self, network: Any) -> None:
        """Take the parts of an `lpips.LPIPS`, whose types are not declared."""
        slices = [getattr(network.net, f"slice{number}") for number in range(1, 6)]
        self._first: torch.nn.Conv2d = slices[0][0]
        self._rest = [torch.nn.Sequential(*slices[0][1:]), *slices[1:]]
        for part in self._rest:
            part.to(memory_format=torch.channels_last)
        self.weights: list[Tensor] = [layer.model[-1].weight.flatten() for layer in network.lins]
        shift, scale = network.scaling_layer.shift, network.scaling_layer.scale
        self._of_grey = (self._first.weight / scale).sum(1, keepdim=True)
        self._of_one = (self._first.weight * -shift / scale).sum(1, keepdim=True)
        self._added: tuple[tuple[int, ...], Tensor] = ((), self._of_one)

    def features(self, grey: Tensor) -> list[Tensor]:
        """Return the five features of (1, 1, H, W) in [-1, 1], each (H' x W', C)."""
        hidden = self._convolve(grey, self._of_grey).add_(self._offset(grey))
        found = []
        for part in self._rest:
            hidden = part(hidden)
            found.append(hidden)
        return [feature[0].permute(1, 2, 0).flatten(0, 1) for feature in found]

    def _offset(self, grey: Tensor) -> Tensor:
        shape, added = self._added
        if shape != grey.shape:
            added = self._convolve(torch.ones_like(grey), self._of_one, self._first.bias)
            self._added = grey.shape, added
        return added

    def _convolve(self, grey: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        first = self._first
        plane = conv2d(grey, weight, bias, first.stride, first.padding)
        return plane.contiguous(memory_format=torch.channels_last)


def _normalise(feature: Tensor) -> None:
    """Scale (P, C) in place to unit length over the channels, as LPIPS does."""
    feature /= feature.norm(dim=1, keepdim=True) + _EPSILON


def _distance(feature: Tensor, target: Tensor, weight: Tensor) -> float:
    """Return the mean over pixels of the weighted squared difference from a normalised target, both (P, C).

    It overwrites the feature, a block at a time, so that a block stays in the cache of the processor.
    """
    total = 0.0
    rows = max(_BLOCK // len(weight), 1)
    for block, wanted in zip(feature.split(rows), target.split(rows), strict=True):
        _normalise(block)
        block -= wanted
        total += float((block.square_() @ weight).sum())
    return total / len(feature)


def _prepare(image: NDArray[np.float32], data_range: float) -> Tensor:
    if image.ndim != 2:
        raise ValueError(f"LPIPS here takes grey (H, W) images, got shape {image.shape}")
    unit = torch.from_numpy(np.clip(image.astype(np.float32) / data_range, 0, 1))
    return (unit * 2 - 1)[None, None].to(choose_device())


@cache
def _grey_network() -> _GreyNetwork:
    return _GreyNetwork(_network())


@cache
def _network() -> torch.nn.Module:
    path = backbone_file(_BACKBONE_FILE, "AlexNet")
    declare_torchvision_ops()
    import lpips

    with warnings.catch_warnings(), report_damage(path):
        warnings.simplefilter("ignore")  # the package calls torchvision in a deprecated way
        network: torch.nn.Module = lpips.LPIPS(net="alex", verbose=False)
    return network.eval().to(choose_device())
