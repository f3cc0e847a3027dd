"""Signs of life of a generator: whether its outputs differ from one another and keep the contrast of the target."""

import torch
from torch import Tensor


def health(output: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Two scalars from one batch of (N, C, H, W) outputs and targets.

    `contrast` is their Pearson correlation: near 1 for a restoration, negative where light and dark are exchanged.
    `diversity` is the spread of the outputs over the batch as a fraction of that of the targets, pixel by pixel: near
    1 for a restoration, 0 where every input gives the same picture. 1 for a batch of one, which has no spread.
    """
    o, t = output.float() - output.float().mean(), target.float() - target.float().mean()
    contrast = (o * t).mean() / (o.square().mean() * t.square().mean()).sqrt().clamp(min=1e-8)
    if len(output) < 2:
        return {"contrast": contrast, "diversity": torch.ones_like(contrast)}
    diversity = o.var(dim=0).mean().sqrt() / t.var(dim=0).mean().sqrt().clamp(min=1e-8)
    return {"contrast": contrast, "diversity": diversity}
