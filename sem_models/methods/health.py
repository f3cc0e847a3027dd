"""Health of a generator: whether outputs correlate with the targets, are as varied, and have no checkerboard."""

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def health(output: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Compute three scalars from one batch of (N, C, H, W) outputs and targets.

    `contrast` is their Pearson correlation: near 1 for a restoration, negative if light and dark are exchanged.
    `diversity` is the standard deviation over the batch, pixel by pixel, relative to that of the targets: near 1 for a
    restoration, 0 if every input gives the same image, and 1 for a batch of one.
    `checkerboard` is how far checkerboard frequencies stand out, relative to the targets.
    """
    return {
        "contrast": correlation(output, target),
        "diversity": diversity(output.float(), target.float()),
        "checkerboard": checkerboard(output, target),
    }


def correlation(output: Tensor, target: Tensor) -> Tensor:
    """Return the Pearson correlation over all pixels of two batches of one shape; 0 if one of them is flat."""
    o, t = output.float() - output.float().mean(), target.float() - target.float().mean()
    return (o * t).mean() / (o.square().mean() * t.square().mean()).sqrt().clamp(min=1e-8)


def diversity(output: Tensor, target: Tensor) -> Tensor:
    """Return the root mean variance over the batch of outputs, relative to that of targets; 1 for a batch of one."""
    if len(output) < 2:
        return output.new_ones(())
    return output.var(dim=0).mean().sqrt() / target.var(dim=0).mean().sqrt().clamp(min=1e-8)


class RecentDiversity(nn.Module):
    """Diversity over the last steps, for batches of one; the remembered images are part of its state."""

    output: Tensor
    target: Tensor
    seen: Tensor

    def __init__(self, steps: int = 8, size: int = 16) -> None:
        """Hold the images of `steps` steps, averaged down to `size` x `size` px."""
        super().__init__()
        for name in ("output", "target"):
            self.register_buffer(name, torch.zeros(steps, size, size))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def remember(self, output: Tensor, target: Tensor) -> None:
        """Remember the first of (N, C, H, W) outputs and targets."""
        steps, size = self.output.shape[:2]
        for memory, image in ((self.output, output), (self.target, target)):
            small = F.adaptive_avg_pool2d(image[:1].float(), size).mean(dim=1)
            memory.copy_(torch.cat([memory[1:], small]))
        self.seen.add_(1).clamp_(max=steps)

    def forward(self) -> Tensor:
        """Return the diversity of all remembered images, a scalar."""
        filled = int(self.seen)
        return diversity(self.output[-filled:], self.target[-filled:])


BLOCK_PX = 32
"""Edge of the half-overlapping squares that are analysed: a pattern may fill only a part of the image."""
_QUARTER = BLOCK_PX // 4
_PEAKS = [place for place in product(range(0, BLOCK_PX, _QUARTER), repeat=2) if any(place)]
"""Row and column frequencies of 0, 1/4 and 1/2 cycles per pixel, of either sign, without the mean."""
_REACH = 4
_RING = [step for step in product(range(-_REACH, _REACH + 1), repeat=2) if max(map(abs, step)) > 1]
"""Offsets from a frequency to its surroundings, without the neighbours that the window smears it into."""
_LEAST = 1e-7
"""Power of a checkerboard of 3e-4 of the intensity range, less than an 8-bit grey level: flat images have no peaks."""


def checkerboard(output: Tensor, target: Tensor) -> Tensor:
    """Measure how far checkerboard frequencies stand out in (N, C, H, W) outputs, relative to targets.

    At each frequency, the power is divided by the geometric mean of the power around it, and the outputs' ratio by that
    of the targets. The largest of these is returned, a scalar, because a mean over frequencies would hide a single one.
    It lies between 1 and 2 for a sound network, whatever the image, and is 1 for H or W below 32 px.
    """
    if min(*output.shape[2:], *target.shape[2:]) < BLOCK_PX:
        return output.new_ones((), dtype=torch.float32)
    return (_standing_out(output) / _standing_out(target)).max()


def _standing_out(images: Tensor) -> Tensor:
    """Return the power over that of its surroundings, (15,), one for each frequency."""
    power = _spectrum(images) + _LEAST
    rows, columns = torch.tensor(_PEAKS, device=images.device).unbind(1)
    down, right = torch.tensor(_RING, device=images.device).unbind(1)
    around = power[(rows[:, None] + down) % BLOCK_PX, (columns[:, None] + right) % BLOCK_PX]
    return power[rows, columns] / around.log().mean(1).exp()


def _spectrum(images: Tensor) -> Tensor:
    """Return the (32, 32) mean power over all blocks; a checkerboard of amplitude a has a^2 at its frequency."""
    hop = BLOCK_PX // 2
    blocks = images.float().unfold(2, BLOCK_PX, hop).unfold(3, BLOCK_PX, hop)
    taper = torch.hann_window(BLOCK_PX, device=images.device)
    window = taper[:, None] * taper
    power: Tensor = torch.fft.fft2(blocks * (window / window.sum())).abs().square()
    return power.mean(dim=(0, 1, 2, 3))
