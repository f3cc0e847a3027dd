"""Instance normalisation whose statistics can be held, so that the tiles of one image are normalised alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_EPSILON = 1e-5
_Statistics = dict[nn.Module, tuple[Tensor, Tensor]]
# Not an attribute of the layers: another thread may run the same network on another image meanwhile.
_held: ContextVar[_Statistics | None] = ContextVar("held_statistics", default=None)


class PooledInstanceNorm(nn.Module):
    """Zero mean and unit variance for each channel of each sample (Ulyanov et al., arXiv:1607.08022), no parameters.

    The same as `torch.nn.InstanceNorm2d`, except inside `held_statistics`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape; a single pixel becomes 0."""
        held = _held.get()
        if held is None:
            # The functional form refuses images of one pixel, which the smallest inputs become at the coarsest level.
            cudnn = torch.backends.cudnn.enabled
            return torch.instance_norm(x, None, None, None, None, True, 0.0, _EPSILON, cudnn)
        if self not in held:
            variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
            held[self] = mean, variance
        return F.batch_norm(x, *held[self], eps=_EPSILON)


@contextmanager
def held_statistics() -> Iterator[None]:
    """Inside, mean and variance of every layer are those of the first batch that it sees, pooled as if one image.

    So first apply the network to samples of an image, then to its tiles. They are forgotten at the end, also after an
    error; other threads, and whatever comes afterwards, are not concerned. Networks without instance norm are
    unchanged. A network may pass through each of its layers once.
    """
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)
