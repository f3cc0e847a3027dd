"""Features of VGG16 and VGG19 trained on ImageNet (Simonyan and Zisserman, ICLR 2015).

The layers are built in the order of torchvision, so that its weight files can be loaded without torchvision itself.
Without trained weights there are no features: an untrained network is never used.
"""

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

from sem_models.config.training import Backbone
from sem_models.features.weights import FeaturesUnavailable, backbone_file, load_backbone, report_damage

__all__ = ["FeaturesUnavailable", "VggFeatures", "require_backbone"]

_FILES: dict[Backbone, str] = {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}
_CONVOLUTIONS: dict[Backbone, tuple[int, ...]] = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VggFeatures(nn.Module):
    """The outputs of named layers, for example `conv5_3` (before its activation) or `relu3_3` (after it).

    The weights are frozen and the network is always in evaluation mode; gradients flow to the input. Layers beyond the
    deepest requested one are not built.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: Backbone,
        layers: tuple[str, ...],
        pooling: Callable[[int], nn.Module] = lambda _: nn.MaxPool2d(2),
    ) -> None:
        """Build the layers and read their weights.

        Args:
            backbone: `vgg16` or `vgg19`, with torchvision's ImageNet weights.
            layers: Names of the layers, in the order in which `forward` returns their outputs.
            pooling: Returns the module between two blocks for a number of channels. The default is max pooling, as in
                the original networks.

        Raises:
            FeaturesUnavailable: The weights are missing or damaged; the message says which file to put where.
            ValueError: The network has no layer of that name.
        """
        super().__init__()
        names = layer_names(backbone)
        unknown = [layer for layer in layers if layer not in names or layer.startswith("pool")]
        if unknown or not layers:
            raise ValueError(f"{backbone} has no layer {unknown}: use some of {[n for n in names if n[:4] != 'pool']}")
        self._layers = layers
        self._names = names[: max(names.index(layer) for layer in layers) + 1]
        self.features = nn.ModuleList(_build(self._names, pooling))
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)
        self._read(backbone)
        self.requires_grad_(False).eval()

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N, 1 or 3, H, W) in [0, 1] to one (N, C, h, w) per layer, with h = H / 2^(block - 1).

        A single grey channel is repeated three times.
        """
        x = (x.expand(-1, 3, -1, -1) - self.mean) / self.std
        found: dict[str, Tensor] = {}
        for name, layer in zip(self._names, self.features, strict=True):
            x = layer(x)
            if name in self._layers:
                found[name] = x
        return [found[name] for name in self._layers]

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002
        """Stay in evaluation mode whatever the surrounding network does."""
        return super().train(False)

    def _read(self, backbone: Backbone) -> None:
        weights = load_backbone(_FILES[backbone], backbone.upper())
        with report_damage(backbone_file(_FILES[backbone], backbone.upper())):
            own = self.features.state_dict()
            self.features.load_state_dict({name: weights[f"features.{name}"] for name in own})


def require_backbone(backbone: Backbone) -> None:
    """Check that the weights are present or can be downloaded, without reading them.

    Raises:
        FeaturesUnavailable: They are neither.
    """
    backbone_file(_FILES[backbone], backbone.upper())


def layer_names(backbone: Backbone) -> list[str]:
    """Return all layer names in torchvision's order: `conv1_1`, `relu1_1`, ..., `pool5`.

    The position in the list is the index of the layer in torchvision's weight files.
    """
    names: list[str] = []
    for block, convolutions in enumerate(_CONVOLUTIONS[backbone], 1):
        for index in range(1, convolutions + 1):
            names += [f"conv{block}_{index}", f"relu{block}_{index}"]
        names.append(f"pool{block}")
    return names


def _build(names: list[str], pooling: Callable[[int], nn.Module]) -> list[nn.Module]:
    """Build the layers. Activations do not work in place, because the output of the convolution must be preserved."""
    modules: list[nn.Module] = []
    channels = 3
    for name in names:
        width = _WIDTHS[int(name.removeprefix("conv").removeprefix("relu").removeprefix("pool")[0]) - 1]
        if name.startswith("conv"):
            modules.append(nn.Conv2d(channels, width, 3, padding=1))
            channels = width
        else:
            modules.append(nn.ReLU() if name.startswith("relu") else pooling(width))
    return modules
