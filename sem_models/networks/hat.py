"""HAT, the hybrid attention transformer (Chen et al., CVPR 2023, arXiv:2205.04437).

The skeleton is that of SwinIR. Beside the attention of each layer stand two convolutions with channel attention
(CAB in the paper), and each group ends in attention whose keys reach beyond the window of their queries (OCAB).

Deviations: the output adds a bicubic enlargement, which a setting can undo. Channel attention averages over a window
around each pixel instead of the whole input (Chu et al., ECCV 2022, as in our NAFNet), so that tiles agree; in images
that are not larger than this window, such as training patches, this is the published average.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.hat import HATConfig
from sem_models.networks.nafnet import local_mean
from sem_models.networks.swinir import (
    Mlp,
    SwinLayer,
    WindowTransformer,
    convolved,
    initialise,
    partitioned,
    position_table,
    reach_of_stages,
    staged,
)

_CONV_SCALE = 0.01
"""Weight of the convolutions beside the attention; as published."""


class HAT(WindowTransformer):
    """Hybrid groups in the skeleton of SwinIR, enlarged in doublings."""

    def __init__(self, config: HATConfig) -> None:
        """Build the untrained network."""
        super().__init__(
            config,
            lambda drops: HybridGroup(config, drops),
            lambda: staged(config, config.tail_width),
            reach_of_stages(config.scale),
        )


class HybridGroup(nn.Module):
    """Hybrid layers, overlapping attention and a convolution, added to the input."""

    def __init__(self, config: HATConfig, drops: list[float]) -> None:
        super().__init__()
        shift = config.window // 2
        self.layers = nn.ModuleList(HybridLayer(config, shift * (index % 2), drop) for index, drop in enumerate(drops))
        self.overlapping = OverlappingLayer(config)
        self.conv = nn.Conv2d(config.width, config.width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, width) to the same shape."""
        y = x
        for layer in self.layers:
            y = layer(y)
        return x + convolved(self.conv, self.overlapping(y))


class HybridLayer(SwinLayer):
    """A Swin layer whose normalised input also passes through convolutions beside the attention."""

    def __init__(self, config: HATConfig, shift: int, drop_path: float) -> None:
        super().__init__(config.width, config.heads, config.window, shift, drop_path)
        self.convolutions = ChannelAttention(config.width, config.conv_width, config.squeeze, config.pool)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, width) to the same shape; H and W are multiples of the window."""
        normed = self.norm1(x)
        beside = convolved(self.convolutions, normed)
        x = x + self._dropped(self._attended(normed)) + _CONV_SCALE * beside
        return x + self._dropped(self.mlp(self.norm2(x)))

    def _attended(self, x: Tensor) -> Tensor:
        y = torch.roll(x, (-self.shift, -self.shift), (1, 2)) if self.shift else x
        y = self.attention(y, self.shift)
        return torch.roll(y, (self.shift, self.shift), (1, 2)) if self.shift else y


class ChannelAttention(nn.Module):
    """Two convolutions, and a factor for each channel that follows from the means of all channels around the pixel."""

    def __init__(self, width: int, between: int, squeeze: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.narrow = nn.Conv2d(width, between, 3, padding=1)
        self.widen = nn.Conv2d(between, width, 3, padding=1)
        self.squeeze, self.excite = nn.Conv2d(width, squeeze, 1), nn.Conv2d(squeeze, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        y = self.widen(F.gelu(self.narrow(x)))
        factors = torch.sigmoid(self.excite(F.relu(self.squeeze(local_mean(y, self.pool)))))
        result: Tensor = y * factors
        return result


class OverlappingLayer(nn.Module):
    """Norm and attention from windows to the larger windows around them, then norm and MLP; each added to its input."""

    def __init__(self, config: HATConfig) -> None:
        super().__init__()
        width = config.width
        self.heads, self.window, self.overlap = config.heads, config.window, config.overlap
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        initialise(self.qkv)
        initialise(self.out)
        self.bias_table = position_table(2 * config.window + 2 * config.overlap - 1, config.heads)
        self.register_buffer("bias_index", overlapping_index(config.window, config.overlap), persistent=False)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, width) to the same shape; H and W are multiples of the window."""
        x = x + self.out(self._attended(self.norm1(x)))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result

    def _attended(self, x: Tensor) -> Tensor:
        n, height, width, channels = x.shape
        window, parts = self.window, (self.heads, channels // self.heads)
        query, key_value = self.qkv(x).split([channels, 2 * channels], -1)
        q = partitioned(query, window).unflatten(-1, parts).transpose(1, 2)
        k, v = self._around(key_value).unflatten(-1, (2, *parts)).permute(2, 0, 3, 1, 4)
        bias = self.bias_table[self.get_buffer("bias_index")].permute(2, 0, 1)[None].to(q.dtype)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2)
        y = y.reshape(n, height // window, width // window, window, window, channels).transpose(2, 3)
        result: Tensor = y.reshape(n, height, width, channels)
        return result

    def _around(self, x: Tensor) -> Tensor:
        """Cut (N, H, W, C) into windows with what surrounds them, 0 outside: (N x windows, larger window^2, C)."""
        large = self.window + 2 * self.overlap
        padded = F.pad(x, (0, 0, *[self.overlap] * 4))
        windows = padded.unfold(1, large, self.window).unfold(2, large, self.window)
        return windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, large**2, x.shape[-1])


def overlapping_index(window: int, overlap: int) -> Tensor:
    """Return the row of the bias table for each query and key, (window^2, larger window^2).

    The published table begins with distance `overlap` left and above, and nearer keys follow; those farther left or
    above count from its end. Any other order would do, but then published weights would not fit.
    """
    large = window + 2 * overlap
    inner, outer = torch.arange(window), torch.arange(large)
    apart = outer[None, :] - inner[:, None] + window - large + 1
    span = window + large - 1
    index = apart[:, None, :, None] * span + apart[None, :, None, :]
    return index.reshape(window**2, large**2) % span**2
