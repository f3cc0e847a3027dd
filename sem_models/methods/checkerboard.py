"""Checkerboards that doublings leave behind (Odena et al., Distill 2016), found in the spectrum.

A transposed convolution of stride 2 treats the four pixels of a cell differently: its pattern has a period of 2 px, and
of 4 px if it was doubled once more. Real micrographs have no reason to be stronger at exactly these frequencies.
"""

from itertools import product

import torch
from torch import Tensor

BLOCK_PX = 32
"""Edge of the squares that are looked at, half overlapping: patterns come and go with what is drawn."""
_QUARTER = BLOCK_PX // 4
_PEAKS = [place for place in product(range(0, BLOCK_PX, _QUARTER), repeat=2) if any(place)]
"""Row and column frequencies of 0, 1/4 and 1/2 a pixel, both signs, without the mean."""
_REACH = 4
_RING = [step for step in product(range(-_REACH, _REACH + 1), repeat=2) if max(map(abs, step)) > 1]
"""From a frequency to its neighbours, but not those that the window smears it into."""
_FLOOR = 1e-7
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
    power = _spectrum(images) + _FLOOR
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
