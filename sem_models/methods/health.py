"""Signs of life of a generator: contrast and variety as in the targets, and no checkerboard."""

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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


BLOCK_PX = 32
"""Edge of the squares that are looked at, half overlapping: patterns come and go with what is drawn."""
_QUARTER = BLOCK_PX // 4
_PEAKS = [place for place in product(range(0, BLOCK_PX, _QUARTER), repeat=2) if any(place)]
"""Row and column frequencies of 0, 1/4 and 1/2 a pixel, both signs, without the mean."""
_REACH = 4
_RING = [step for step in product(range(-_REACH, _REACH + 1), repeat=2) if max(map(abs, step)) > 1]
"""From a frequency to its neighbours, but not those that the window smears it into."""
_LEAST = 1e-7
"""Power of a checkerboard of 3e-4 of the intensity range, below any grey level of 8 bit: flat images have no peaks."""


def checkerboard(output: Tensor, target: Tensor) -> Tensor:
    """How far the frequencies of a checkerboard stand out in (N, C, H, W) outputs, as a multiple of targets.

    A scalar: power to the geometric mean of the power around, of outputs over that of targets, at the frequency where
    that is largest; a mean over the frequencies would hide a single one. Between 1 and 2 for a sound network, whatever
    the image; 1 where H or W is below 32 px, too little to tell.
    """
    if min(*output.shape[2:], *target.shape[2:]) < BLOCK_PX:
        return output.new_ones((), dtype=torch.float32)
    return (_standing_out(output) / _standing_out(target)).max()


def _standing_out(images: Tensor) -> Tensor:
    """(15,) one for each frequency."""
    power = _spectrum(images) + _LEAST
    rows, columns = torch.tensor(_PEAKS, device=images.device).unbind(1)
    down, right = torch.tensor(_RING, device=images.device).unbind(1)
    around = power[(rows[:, None] + down) % BLOCK_PX, (columns[:, None] + right) % BLOCK_PX]
    return power[rows, columns] / around.log().mean(1).exp()


def _spectrum(images: Tensor) -> Tensor:
    """(32, 32) mean power over all blocks; a checkerboard of amplitude a has a^2 at its frequency."""
    hop = BLOCK_PX // 2
    blocks = images.float().unfold(2, BLOCK_PX, hop).unfold(3, BLOCK_PX, hop)
    taper = torch.hann_window(BLOCK_PX, device=images.device)
    window = taper[:, None] * taper
    power: Tensor = torch.fft.fft2(blocks * (window / window.sum())).abs().square()
    return power.mean(dim=(0, 1, 2, 3))
