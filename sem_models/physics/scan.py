"""Distortions caused by scanning, in which each line is recorded after the one above it and independently of it.

Drift and charging depend on the line and column of the whole frame, so that a crop looks as it does in its frame. Line
jitter and drift are geometric, charging changes the signal, and banding and streaks are amplifier noise, from line to
line and along the line.
"""

import math

import torch
from torch import Tensor

from sem_models.config.degradation import Scan
from sem_models.physics.blur import fold
from sem_models.physics.frame import Coordinates, Margin

Strength = float | Tensor
"""A factor for all images, or one for each, (N, 1, 1, 1)."""
_TRAIL_PX = (8.0, 48.0)
"""Decay lengths of charging trails, in pixels of the recorded image."""
_DRIFT_POWER = (1.0, 2.0)
"""Exponents of the drift: steady (1) to accelerating from rest (2)."""
_TRAIL_REACH = 5
"""Decay lengths after which a trail is neglected; 0.7 % of it is left."""
_JITTER_REACH = 5
"""Standard deviations of jitter that a margin allows for; one line in two million is shifted further."""
_CUBIC_REACH_PX = 2


def reach(settings: Scan) -> Margin:
    """Return how far pixels of the recorded image are displaced and smeared; jitter and trails only along the line."""
    moved = settings.drift_px + _JITTER_REACH * settings.jitter_px
    rows = math.ceil(settings.drift_px) + _CUBIC_REACH_PX if settings.drift_px > 0 else 0
    columns = math.ceil(moved) + _CUBIC_REACH_PX if moved > 0 else 0
    trails = math.ceil(_TRAIL_REACH * _TRAIL_PX[1]) if settings.charging else 0
    return Margin(rows, columns + trails, columns)


def displace(x: Tensor, settings: Scan, at: Coordinates, generator: torch.Generator, jitter: Strength = 1.0) -> Tensor:
    """Displace the lines of (N, C, H, W) float by jitter and drift.

    Jitter shifts each line along itself by a normally distributed distance with standard deviation `jitter_px`, times
    the factor `jitter`. Drift
    moves line y of a frame of H lines by d (y / (H - 1))^p in a random direction, with |d| = `drift_px` and p uniform
    in [1, 2]. Because whole lines move, cubic interpolation in two passes, first vertically and then along the lines,
    is exact. The frame is mirrored beyond its edges.
    """
    n, _, height, _ = x.shape
    rows, columns = at.rows.to(x.dtype), at.columns.to(x.dtype)
    shift = torch.zeros(n, 1, height, 1, device=x.device, dtype=x.dtype)
    if settings.drift_px > 0:
        angle = 2 * math.pi * _rand(n, generator)
        power = _DRIFT_POWER[0] + (_DRIFT_POWER[1] - _DRIFT_POWER[0]) * _rand(n, generator)
        far = settings.drift_px * (rows / (at.height - 1).clamp(min=1)) ** power
        x = _cubic(x, rows + far * torch.sin(angle), at.rows[:, :, :1], at.height, dim=2)
        shift = far * torch.cos(angle)
    if settings.jitter_px > 0:
        shift = shift + jitter * settings.jitter_px * torch.randn(shift.shape, generator=generator, device=x.device)
    if settings.drift_px == 0 and settings.jitter_px == 0:
        return x
    return _cubic(x, columns + shift, at.columns[..., :1], at.width, dim=3)


def charge(x: Tensor, amplitude: float, mean: Tensor | None, at: Coordinates, generator: torch.Generator) -> Tensor:
    """Add the effects of a charging specimen to (N, C, H, W) float in [0, 1]; the result may leave that range.

    A ramp from -amplitude / 2 to amplitude / 2 crosses the frame in a random direction. To the right of everything
    brighter than the mean of the frame, `mean` (N, C, 1, 1), an exponential trail follows along the line, bright or
    dark. Directly behind an object that is wide compared with the decay length of 8 to 48 px, it is `amplitude` times
    the excess brightness.
    """
    if amplitude == 0 or mean is None:
        return x
    n = len(x)
    angle = 2 * math.pi * _rand(n, generator)
    down = 2 * at.rows / (at.height - 1).clamp(min=1) - 1
    right = 2 * at.columns / (at.width - 1).clamp(min=1) - 1
    plane = down * torch.sin(angle) + right * torch.cos(angle)
    ramp = 0.5 * plane / (torch.sin(angle).abs() + torch.cos(angle).abs())
    sign = torch.where(_rand(n, generator) < 0.5, -1.0, 1.0)
    decay = _TRAIL_PX[0] + (_TRAIL_PX[1] - _TRAIL_PX[0]) * _rand(n, generator)
    return x + amplitude * (ramp + sign * _trails((x - mean).clamp(min=0), decay))


def band(x: Tensor, deviation: Strength, generator: torch.Generator) -> Tensor:
    """Add a normally distributed offset to each line of (N, C, H, W) float.

    `deviation` is its standard deviation as a fraction of the intensity range.
    """
    if not isinstance(deviation, Tensor) and deviation == 0:
        return x
    shape = (*x.shape[:3], 1)
    return x + deviation * torch.randn(shape, generator=generator, device=x.device, dtype=x.dtype)


def streak(
    x: Tensor,
    settings: Scan,
    generator: torch.Generator,
    strength: Strength = 1.0,
    length_px: Tensor | None = None,
) -> Tensor:
    """Add the noise of a slow amplifier to (N, C, H, W) float.

    Its correlation along the line is exp(-distance / `streak_length_px`). Lines are independent of one another, and the
    noise is stationary from the first pixel on.

    Args:
        x: The images.
        settings: Deviation and length of the streaks.
        generator: Random generator on the device of `x`.
        strength: Factor of the deviation.
        length_px: Lengths of the images, (N, 1, 1, 1), at most the one in `settings`; None: that one.
    """
    if settings.streaks == 0:
        return x
    keeps = math.exp(-1 / settings.streak_length_px) if length_px is None else torch.exp(-1 / length_px)
    before = math.ceil(12 * settings.streak_length_px)
    width = x.shape[-1] + before
    white = torch.randn((*x.shape[:3], width), generator=generator, device=x.device, dtype=x.dtype)
    memory = (1 - keeps**2) ** 0.5 * keeps ** torch.arange(width, device=x.device, dtype=x.dtype)
    spectrum = torch.fft.rfft(white, n=2 * width) * torch.fft.rfft(memory, n=2 * width)
    noise: Tensor = torch.fft.irfft(spectrum, n=2 * width)[..., before:width]
    return x + strength * settings.streaks * noise


def _trails(excess: Tensor, decay: Tensor) -> Tensor:
    """Smear the excess brightness to the right by exp(-distance / decay), with weights that sum to 1."""
    width = excess.shape[-1]
    distance = torch.arange(width, device=excess.device, dtype=excess.dtype)
    tail = torch.where(distance > 0, torch.exp(-distance / decay) * (torch.exp(1 / decay) - 1), 0.0)
    # With less than twice the width, the end of a line would wrap around to its start.
    spectrum = torch.fft.rfft(excess, n=2 * width) * torch.fft.rfft(tail, n=2 * width)
    trails: Tensor = torch.fft.irfft(spectrum, n=2 * width)[..., :width]
    return trails


def _cubic(x: Tensor, at: Tensor, first: Tensor, length: Tensor, dim: int) -> Tensor:
    """Interpolate at fractional positions `at` along one axis, by the cubic with a = -0.5 (Keys, IEEE ASSP 29, 1981).

    Positions are counted in frames of `length` pixels, of which `x` shows those from `first` on; both (N, 1, 1, 1).
    """
    base = torch.floor(at)
    t = at - base
    weights = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    result = torch.zeros_like(x)
    for tap, weight in enumerate(weights, start=-1):
        index = fold(base.long() + tap, length.long()) - first.long()
        # What a crop does not show is further away than its margin, and the pixels that would need it are cut off.
        result += weight * torch.gather(x, dim, index.clamp(0, x.shape[dim] - 1).expand_as(x))
    return result


def _rand(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, 1, 1, 1, generator=generator, device=generator.device)
