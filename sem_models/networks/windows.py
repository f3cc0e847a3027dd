"""Attention in shifted windows (Liu et al., Swin Transformer, ICCV 2021, equations 1 to 4)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MLP_RATIO = 2
_INIT_STD = 0.02


class SwinLayer(nn.Module):
    """Norm, attention inside windows that may be shifted, norm, MLP; both with the identity."""

    def __init__(self, width: int, heads: int, window: int, shift: int, drop_path: float) -> None:
        super().__init__()
        self.shift, self.drop_path = shift, drop_path
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window)
        hidden = _MLP_RATIO * width
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        for layer in self.mlp:
            if isinstance(layer, nn.Linear):
                _initialise(layer)

    def forward(self, x: Tensor) -> Tensor:
        """(N, H, W, width) to the same shape; H and W are multiples of the window."""
        y = torch.roll(self.norm1(x), (-self.shift, -self.shift), (1, 2)) if self.shift else self.norm1(x)
        y = self.attention(y, self.shift)
        y = torch.roll(y, (self.shift, self.shift), (1, 2)) if self.shift else y
        x = x + self._dropped(y)
        return x + self._dropped(self.mlp(self.norm2(x)))

    def _dropped(self, y: Tensor) -> Tensor:
        """Stochastic depth (Huang et al., ECCV 2016): in training a whole sample's branch is left out now and then."""
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
        self.bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.bias_table, std=_INIT_STD)
        _initialise(self.qkv)
        _initialise(self.out)
        self.register_buffer("bias_index", relative_index(window), persistent=False)

    def forward(self, x: Tensor, shift: int) -> Tensor:
        """(N, H, W, width), rolled by `shift` where the windows are shifted, to the same shape."""
        n, height, width, channels = x.shape
        window = self.window
        grid = (height // window, width // window)
        q, k, v = self.qkv(self._windows(x)).reshape(-1, window**2, 3, self.heads, channels // self.heads).unbind(2)
        y = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=self._bias(n, grid, shift, q.dtype)
        )
        y = self.out(y.transpose(1, 2).reshape(-1, window**2, channels))
        y = y.reshape(n, *grid, window, window, channels).transpose(2, 3)
        result: Tensor = y.reshape(n, height, width, channels)
        return result

    def _windows(self, x: Tensor) -> Tensor:
        """(N, H, W, C) to (N x windows, window^2, C)."""
        n, height, width, channels = x.shape
        window = self.window
        cells = x.reshape(n, height // window, window, width // window, window, channels)
        return cells.transpose(2, 3).reshape(-1, window**2, channels)

    def _bias(self, n: int, grid: tuple[int, int], shift: int, dtype: torch.dtype) -> Tensor:
        """(1 or N x windows, heads, window^2, window^2): position bias, minus infinity over a roll's seam."""
        index = self.get_buffer("bias_index")
        bias = self.bias_table[index].permute(2, 0, 1)[None].to(dtype)
        if not shift:
            return bias
        seam = seam_mask(grid, self.window, shift, bias.device)[:, None]
        return (bias + seam.to(dtype)).repeat(n, 1, 1, 1)


def relative_index(window: int) -> Tensor:
    """(window^2, window^2) row of the bias table for each pair of pixels of a window."""
    line = torch.arange(window)
    rows, columns = (axis.flatten() for axis in torch.meshgrid(line, line, indexing="ij"))
    down = rows[:, None] - rows[None, :] + window - 1
    right = columns[:, None] - columns[None, :] + window - 1
    return down * (2 * window - 1) + right


def seam_mask(grid: tuple[int, int], window: int, shift: int, device: torch.device) -> Tensor:
    """(windows, window^2, window^2): 0 where two pixels were neighbours before the roll, minus infinity where not."""
    rows, columns = (_zones(cells * window, window, shift, device) for cells in grid)
    zones = (3 * rows[:, None] + columns[None, :]).reshape(grid[0], window, grid[1], window)
    flat = zones.transpose(1, 2).reshape(-1, window**2)
    apart = flat[:, None, :] != flat[:, :, None]
    return torch.zeros(apart.shape, device=device).masked_fill(apart, float("-inf"))


def _zones(length: int, window: int, shift: int, device: torch.device) -> Tensor:
    position = torch.arange(length, device=device)
    return (position >= length - window).long() + (position >= length - shift).long()


def _initialise(layer: nn.Linear) -> None:
    nn.init.trunc_normal_(layer.weight, std=_INIT_STD)
    nn.init.zeros_(layer.bias)
