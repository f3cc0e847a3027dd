"""DISTS (Ding, Ma, Wang & Simoncelli, IEEE TPAMI 2020): structure and texture on VGG16, never on untrained features."""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sem_models.features.vgg import FeaturesUnavailable, VggFeatures
from sem_models.features.weights import damage_is_said, torch_home
from sem_models.inference.predictor import choose_device

_STAGES = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
_CHANNELS = (3, 64, 128, 256, 512, 512)
_WEIGHTS_FILE = "dists_alpha_beta.pt"
_C = 1e-6
_SMALLEST = 32
_WINDOW, _WINDOWS_PER_SIDE = 256, 2


def dists(output: NDArray[np.float32], target: NDArray[np.float32], data_range: float) -> float:
    """Compute DISTS: 0 is identical, lower is better.

    It was calibrated on images of 256 pixels, to which its authors shrink larger ones. That would remove the detail
    that restoration is about, so here images keep their size and the score is the mean over evenly spread windows of
    256 pixels, at most 2 along each side.

    Args:
        output: (H, W), grey, repeated to three channels; values outside [0, data_range] are clipped.
        target: The same shape; NaN is returned below 32 pixels.
        data_range: Value of white.

    Raises:
        FeaturesUnavailable: Trained weights are missing or damaged.
    """
    if min(target.shape) < _SMALLEST:
        return float("nan")
    units = [np.clip(image / data_range, 0, 1).astype(np.float32) for image in (output, target)]
    tensors = [torch.from_numpy(unit).to(choose_device()) for unit in units]
    with torch.inference_mode():
        return float(np.mean([network()(*pair).item() for pair in zip(*map(_windows, tensors), strict=True)]))


class Dists(nn.Module):
    """DISTS as a network: two batches (N, 1 or 3, H, W) in [0, 1] to distances (N,)."""

    alpha: Tensor
    beta: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, weight in _learned_weights().items():  # before the backbone: half a gigabyte that may be downloaded
            self.register_buffer(name, weight, persistent=False)
        self.stages = VggFeatures("vgg16", _STAGES, pooling=L2Pooling)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return 1 - sum of alpha x texture + beta x structure over the image and five stages (eq. 5 to 7)."""
        pairs = zip([_grey_to_three(x), *self.stages(x)], [_grey_to_three(y), *self.stages(y)], strict=True)
        texture, structure = (torch.cat(parts, 1) for parts in zip(*(_similarities(*p) for p in pairs), strict=True))
        weighted = (self.alpha * texture + self.beta * structure).sum((1, 2, 3))
        return 1 - weighted / (self.alpha.sum() + self.beta.sum())


class L2Pooling(nn.Module):
    """Root of the Hann-weighted 3 x 3 sum of squares at every second pixel, instead of the maximum (section 3.1)."""

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = torch.hann_window(5, periodic=False)[1:-1]
        kernel = torch.outer(taps, taps)
        self.register_buffer("kernel", (kernel / kernel.sum()).expand(channels, 1, 3, 3), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W) to half the size."""
        return torch.sqrt(F.conv2d(x**2, self.kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12)


@cache
def network() -> Dists:
    """Return the network on the device that the predictor chooses; it is read only once."""
    return Dists().eval().to(choose_device())


def _similarities(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the agreement of the means and of the deviations from them for each channel, (N, C, 1, 1) each."""
    mean_x, mean_y = (z.mean((2, 3), keepdim=True) for z in (x, y))
    variances = ((x - mean_x) ** 2).mean((2, 3), keepdim=True) + ((y - mean_y) ** 2).mean((2, 3), keepdim=True)
    covariance = (x * y).mean((2, 3), keepdim=True) - mean_x * mean_y
    texture = (2 * mean_x * mean_y + _C) / (mean_x**2 + mean_y**2 + _C)
    return texture, (2 * covariance + _C) / (variances + _C)


def _learned_weights() -> dict[str, Tensor]:
    path = torch_home() / "dists" / _WEIGHTS_FILE
    if not path.is_file():
        advice = "weights.pt of github.com/dingkeyan93/DISTS, renamed"
        raise FeaturesUnavailable(f"no learned weights: put {_WEIGHTS_FILE} ({advice}) into {path.parent}")
    with damage_is_said(path):
        stored = torch.load(path, map_location="cpu", weights_only=True)
        return {name: stored[name].view(1, sum(_CHANNELS), 1, 1) for name in ("alpha", "beta")}


def _grey_to_three(x: Tensor) -> Tensor:
    return x.expand(-1, 3, -1, -1)


def _windows(image: Tensor) -> list[Tensor]:
    """Cut out the windows, (1, 1, h, w) each with h and w at most 256."""
    rows, columns = (_starts(size) for size in image.shape)
    return [image[None, None, r : r + _WINDOW, c : c + _WINDOW] for r in rows for c in columns]


def _starts(size: int) -> list[int]:
    """Return where the windows along one side begin, each centred in its share of the side."""
    count = min(_WINDOWS_PER_SIDE, max(size // _WINDOW, 1))
    return [max((2 * i + 1) * size // count - _WINDOW, 0) // 2 for i in range(count)]
