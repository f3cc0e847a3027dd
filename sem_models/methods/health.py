"""Signs of life of a generator: contrast and variety as in the targets, and no checkerboard."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.methods.checkerboard import checkerboard


def health(output: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Three scalars from one batch of (N, C, H, W) outputs and targets.

    `contrast` is their Pearson correlation: near 1 for a restoration, negative where light and dark are exchanged.
    `diversity` is the spread of the outputs over the batch as a fraction of that of the targets, pixel by pixel: near
    1 for a restoration, 0 where every input gives the same picture. 1 for a batch of one, which has no spread.
    `checkerboard` is how far the frequencies of a checkerboard stand out, as a multiple of the targets.
    """
    return {
        "contrast": contrast(output, target),
        "diversity": diversity(output.float(), target.float()),
        "checkerboard": checkerboard(output, target),
    }


def contrast(output: Tensor, target: Tensor) -> Tensor:
    """Pearson correlation over all pixels of a batch; 0 where one of them is flat."""
    o, t = output.float() - output.float().mean(), target.float() - target.float().mean()
    return (o * t).mean() / (o.square().mean() * t.square().mean()).sqrt().clamp(min=1e-8)


def diversity(output: Tensor, target: Tensor) -> Tensor:
    """Root of the mean variance over the batch of outputs, as a fraction of that of targets; 1 for a batch of one."""
    if len(output) < 2:
        return output.new_ones(())
    return output.var(dim=0).mean().sqrt() / target.var(dim=0).mean().sqrt().clamp(min=1e-8)


class RecentDiversity(nn.Module):
    """Diversity over the last steps, for batches of one; what it remembers is part of its state."""

    output: Tensor
    target: Tensor
    seen: Tensor

    def __init__(self, steps: int = 8, size: int = 16) -> None:
        """Remember `steps` images, shrunk to `size` x `size` means."""
        super().__init__()
        for name in ("output", "target"):
            self.register_buffer(name, torch.zeros(steps, size, size))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Take in the first of (N, C, H, W) outputs and targets; the diversity of all that is remembered."""
        steps, size = self.output.shape[:2]
        for memory, image in ((self.output, output), (self.target, target)):
            small = F.adaptive_avg_pool2d(image[:1].float(), size).mean(dim=1)
            memory.copy_(torch.cat([memory[1:], small]))
        self.seen.add_(1).clamp_(max=steps)
        filled = int(self.seen)
        return diversity(self.output[-filled:], self.target[-filled:])
