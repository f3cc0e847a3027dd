"""SwinIR (Liang et al., ICCV Workshops 2021): residual groups of shifted-window attention.

Deviation, which a setting can undo: the output adds a bicubic enlargement, so that an untrained network starts at the
bicubic baseline.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.hat import HATConfig
from sem_models.config.networks.reach import doublings, shuffle_halo
from sem_models.config.networks.swinir import SwinIRConfig
from sem_models.networks.blocks import conv, shuffle_conv
from sem_models.networks.strips import STRIPS, by_strips, predicts
from sem_models.physics.downsampling import upsample

_TAIL_WIDTH = 64
Settings = SwinIRConfig | HATConfig


class ResidualGroup(nn.Module):
    """Swin layers and a convolution, added to the input."""

    def __init__(self, config: SwinIRConfig, drops: list[float]) -> None:
        super().__init__()
        shift = config.window // 2
        self.layers = nn.ModuleList(
            SwinLayer(config.width, config.heads, config.window, shift * (index % 2), drop)
            for index, drop in enumerate(drops)
        )
        self.conv = nn.Conv2d(config.width, config.width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, width) to the same shape."""
        y = x
        for layer in self.layers:
            y = layer(y)
        # In place, because the features of large tiles fill the memory.
        return convolved(self.conv, y).add_(x)


class WindowTransformer(nn.Module):
    """A shallow convolution, groups of attention, a convolution with a long skip, and the enlargement."""

    def __init__(
        self,
        config: Settings,
        group: Callable[[list[float]], nn.Module],
        enlargement: Callable[[], nn.Module],
        reach_of_end: int,
    ) -> None:
        """Build the untrained network.

        Args:
            config: Settings.
            group: Builds one group from the probability of skipping each of its layers; it maps (N, H, W, width) to
                the same shape.
            enlargement: Builds the part that maps (N, width, H, W) to (N, C, H x scale, W x scale).
            reach_of_end: Rows of features on each side that a row of the enlarged image depends on.
        """
        super().__init__()
        self.scale, width = config.scale, config.width
        total = config.groups * config.layers
        drops = [config.drop_path * index / max(total - 1, 1) for index in range(total)]
        self.head = nn.Conv2d(config.channels, width, 3, padding=1)
        self.norm_in, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width)
        self.groups = nn.ModuleList(
            group(drops[first : first + config.layers]) for first in range(0, total, config.layers)
        )
        self.close = nn.Conv2d(width, width, 3, padding=1)
        self.enlarge, self.reach_of_end = enlargement(), reach_of_end
        self.bicubic_skip = config.bicubic_skip
        mean = torch.tensor(config.mean or (0.0,) * config.channels)
        self.register_buffer("mean", mean[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) in [0, 1] to (N, C, H x scale, W x scale); H and W are multiples of the window."""
        mean = self.get_buffer("mean")
        shallow = self.head(x - mean)
        y = self.norm_in(shallow.permute(0, 2, 3, 1))
        for group in self.groups:
            y = group(y)
        features = shallow + convolved(self.close, self.norm_out(y)).permute(0, 3, 1, 2)
        output = by_strips(self.enlarge, features, reach=self.reach_of_end)
        return output + (upsample(x, self.scale) if self.bicubic_skip else mean)


def convolved(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a layer for (N, C, H, W) to (N, H, W, C)."""
    y: Tensor = layer(x.permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1)


class SwinIR(WindowTransformer):
    """Groups of Swin layers, and enlargement in doublings or, directly, in one step."""

    def __init__(self, config: SwinIRConfig) -> None:
        """Build the untrained network."""

        def enlargement() -> nn.Module:
            return _direct(config) if config.direct else staged(config, _TAIL_WIDTH)

        reach = 1 if config.direct else reach_of_stages(config.scale)
        super().__init__(config, lambda drops: ResidualGroup(config, drops), enlargement, reach)


def staged(config: Settings, features: int) -> nn.Sequential:
    """Return an enlargement in doublings by pixel shuffle, with that many features between them."""
    steps: list[nn.Module] = [nn.Conv2d(config.width, features, 3, padding=1), nn.LeakyReLU(0.01)]
    for _ in range(doublings(config.scale)):
        steps += [shuffle_conv(features), nn.PixelShuffle(2)]
    return nn.Sequential(*steps, conv(features, config.channels, gain=1e-2))


def reach_of_stages(scale: int) -> int:
    """Return how many rows of features on each side a row at the end of `staged` depends on."""
    return shuffle_halo(scale, 1) + 1


def _direct(config: SwinIRConfig) -> nn.Sequential:
    return nn.Sequential(
        conv(config.width, config.scale**2 * config.channels, gain=1e-2), nn.PixelShuffle(config.scale)
    )


_MLP_RATIO = 2
_INIT_STD = 0.02


class Mlp(nn.Sequential):
    """Two linear layers with a GELU between, from `width` features to as many."""

    def __init__(self, width: int) -> None:
        hidden = _MLP_RATIO * width
        super().__init__(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        for layer in self:
            if isinstance(layer, nn.Linear):
                initialise(layer)


class SwinLayer(nn.Module):
    """Norm and attention inside windows, which may be shifted, then norm and MLP; each is added to its input."""

    def __init__(self, width: int, heads: int, window: int, shift: int, drop_path: float) -> None:
        super().__init__()
        self.shift, self.drop_path = shift, drop_path
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, width) to the same shape; H and W are multiples of the window."""
        if predicts():
            return self._by_strips(x)
        rolled = torch.roll(x, (-self.shift, -self.shift), (1, 2)) if self.shift else x
        y = self._in_windows(rolled)
        return torch.roll(y, (self.shift, self.shift), (1, 2)) if self.shift else y

    def _by_strips(self, x: Tensor) -> Tensor:
        """Do the same for a few rows of windows at a time, because hidden features would take most of the memory."""
        height, window, y = x.shape[1], self.attention.window, torch.empty_like(x)
        step = -(-height // (STRIPS * window)) * window
        for top in range(0, height, step):
            bottom = min(top + step, height)
            rows = (torch.arange(top, bottom, device=x.device) + self.shift) % height
            strip = self._in_windows(torch.roll(x[:, rows], -self.shift, 2), at_bottom=bottom == height)
            y[:, rows] = torch.roll(strip, self.shift, 2)
        return y

    def _in_windows(self, x: Tensor, at_bottom: bool = True) -> Tensor:
        """Map rows of windows of rolled features to the same shape; those at the bottom have the seam of the roll."""
        x = x + self._dropped(self.attention(self.norm1(x), self.shift, at_bottom))
        return x + self._dropped(self.mlp(self.norm2(x)))

    def _dropped(self, y: Tensor) -> Tensor:
        """Apply stochastic depth (Huang et al., ECCV 2016): in training, randomly drop the branch for whole samples."""
        if not self.training or self.drop_path == 0:
            return y
        keep = 1 - self.drop_path
        kept = torch.rand(len(y), 1, 1, 1, device=y.device) < keep
        return y * kept / keep


class WindowAttention(nn.Module):
    """Multi-head self-attention among the pixels of one window, with a learned bias for each relative position."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias_table = position_table(2 * window - 1, heads)
        initialise(self.qkv)
        initialise(self.out)
        self.register_buffer("bias_index", relative_index(window), persistent=False)

    def forward(self, x: Tensor, shift: int, at_bottom: bool = True) -> Tensor:
        """Map (N, H, W, width), rolled by `shift` if the windows are shifted, to the same shape.

        Rows that are not at the bottom of the image have no seam of the roll below them.
        """
        n, height, width, channels = x.shape
        window = self.window
        grid = (height // window, width // window)
        q, k, v = (
            self.qkv(partitioned(x, window)).reshape(-1, window**2, 3, self.heads, channels // self.heads).unbind(2)
        )
        y = F.scaled_dot_product_attention(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            attn_mask=self._bias(n, grid, shift, at_bottom, q.dtype),
        )
        y = self.out(y.transpose(1, 2).reshape(-1, window**2, channels))
        y = y.reshape(n, *grid, window, window, channels).transpose(2, 3)
        result: Tensor = y.reshape(n, height, width, channels)
        return result

    def _bias(self, n: int, grid: tuple[int, int], shift: int, at_bottom: bool, dtype: torch.dtype) -> Tensor:
        """Return the position bias, minus infinity across the seam: (1 or N x windows, heads, window^2, window^2)."""
        index = self.get_buffer("bias_index")
        bias = self.bias_table[index].permute(2, 0, 1)[None].to(dtype)
        if not shift:
            return bias
        below = 0 if at_bottom else 1
        seam = seam_mask((grid[0] + below, grid[1]), self.window, shift, bias.device)[: grid[0] * grid[1], None]
        return (bias + seam.to(dtype)).repeat(n, 1, 1, 1)


def partitioned(x: Tensor, window: int) -> Tensor:
    """Divide (N, H, W, C) into windows: (N x windows, window^2, C)."""
    n, height, width, channels = x.shape
    cells = x.reshape(n, height // window, window, width // window, window, channels)
    return cells.transpose(2, 3).reshape(-1, window**2, channels)


def relative_index(window: int) -> Tensor:
    """Return the row of the bias table for each pair of pixels of a window, (window^2, window^2)."""
    line = torch.arange(window)
    rows, columns = (axis.flatten() for axis in torch.meshgrid(line, line, indexing="ij"))
    down = rows[:, None] - rows[None, :] + window - 1
    right = columns[:, None] - columns[None, :] + window - 1
    return down * (2 * window - 1) + right


def seam_mask(grid: tuple[int, int], window: int, shift: int, device: torch.device) -> Tensor:
    """Return the mask of the roll, (windows, window^2, window^2).

    It is 0 if two pixels of a window were contiguous before the roll, and minus infinity if not.
    """
    rows, columns = (_zones(cells * window, window, shift, device) for cells in grid)
    zones = (3 * rows[:, None] + columns[None, :]).reshape(grid[0], window, grid[1], window)
    flat = zones.transpose(1, 2).reshape(-1, window**2)
    apart = flat[:, None, :] != flat[:, :, None]
    return torch.zeros(apart.shape, device=device).masked_fill(apart, float("-inf"))


def _zones(length: int, window: int, shift: int, device: torch.device) -> Tensor:
    position = torch.arange(length, device=device)
    return (position >= length - window).long() + (position >= length - shift).long()


def position_table(positions: int, heads: int) -> nn.Parameter:
    """Return an untrained table of position biases, (positions^2, heads)."""
    table = nn.Parameter(torch.zeros(positions**2, heads))
    nn.init.trunc_normal_(table, std=_INIT_STD)
    return table


def initialise(layer: nn.Linear) -> None:
    """Draw small weights; the bias is 0."""
    nn.init.trunc_normal_(layer.weight, std=_INIT_STD)
    nn.init.zeros_(layer.bias)
