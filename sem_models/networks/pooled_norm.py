"""Instance normalisation whose statistics can be held fixed, so that all tiles of an image are normalised equally."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_EPSILON = 1e-5
_Statistics = dict[nn.Module, tuple[Tensor, Tensor]]
# Not an attribute of the layers, because another thread may be running the same network on another image.
_held: ContextVar[_Statistics | None] = ContextVar("held_statistics", default=None)


class PooledInstanceNorm(nn.Module):
    """Instance norm without parameters: zero mean, unit variance per sample and channel (Ulyanov et al., 2016).

    See arXiv:1607.08022. It equals `torch.nn.InstanceNorm2d` except inside `held_statistics`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, H, W); an image of a single pixel becomes 0."""
        held = _held.get()
        if held is None and self.training and x.device.type == "cpu":
            # The same as batch norm of single images, which is also fast in the format that suits convolutions.
            images = x.split(1) if len(x) > 1 else (x,)
            normed = [torch.batch_norm(image, None, None, None, None, True, 0.0, _EPSILON, False) for image in images]
            return torch.cat(normed) if len(x) > 1 else normed[0]
        if held is None:
            # `F.instance_norm` rejects images of one pixel, which the smallest inputs become at the coarsest level.
            cudnn = torch.backends.cudnn.enabled
            return torch.instance_norm(x, None, None, None, None, True, 0.0, _EPSILON, cudnn)
        if self not in held:
            variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
            held[self] = mean, variance
        return F.batch_norm(x, *held[self], eps=_EPSILON)


@contextmanager
def held_statistics() -> Iterator[None]:
    """Hold mean and variance of every layer at those of the first batch it sees, pooled as if it were one image.

    Inside the context, apply the network first to samples of an image and then to its tiles. The statistics are
    discarded at the end, also after an error, and other threads are not affected. Networks without instance norm behave
    as usual. A network may pass through each of its layers only once.
    """
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)
