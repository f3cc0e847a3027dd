"""The forward model, which simulates a network's input from a sharp micrograph.

The order is that of the instrument. The lens blurs the specimen before anything is sampled. Down-sampling represents a
larger pixel step, so line shifts, drift and trails are in pixels of the recorded image and follow it. The beam is
displaced before it hits the specimen, and charging changes the number of electrons that return, so both precede the
shot noise, which would otherwise be interpolated and lose variance. Banding, streaks and read noise arise in the
amplifier; they are added, so their order does not matter.

The model describes whole frames. A training patch is a window of a frame: blur, down-sampling and scan distortions are
computed on the window and a margin around it, in the coordinates of the frame, and the margin is cut off afterwards.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from sem_models.config.degradation import Degradation, Scan
from sem_models.errors import SettingRef, UserError
from sem_models.physics import downsampling
from sem_models.physics.blur import defocus, half_width
from sem_models.physics.downsampling import downsample
from sem_models.physics.frame import Margin, Window, coordinates, cut
from sem_models.physics.grey_curve import remap
from sem_models.physics.noise import add_noise
from sem_models.physics.scan import band, charge, displace, reach, streak
from sem_models.physics.strengths import draw_strengths


def degrade(x: Tensor, settings: Degradation, generator: torch.Generator) -> Tensor:
    """Degrade whole frames (N, C, H, W) float in [0, 1] to (N, C, H / scale, W / scale).

    H and W must be multiples of the scale.

    Raises:
        UserError: The settings contain line defects, which only inpainting simulates.
    """
    return degrade_with_blur(x, settings, generator)[0]


def degrade_with_blur(x: Tensor, settings: Degradation, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """Degrade images as `degrade` does, and return where they were blurred.

    Args:
        x: (N, C, H, W) float32 in [0, 1], whole frames; H and W multiples of the scale.
        settings: Settings from which blur, region, scan distortion, dose and noise are drawn separately for each image.
        generator: Random generator on the device of `x`. Nothing is drawn for absent parts.

    Returns:
        The degraded images, (N, C, H / scale, W / scale), not clipped; and a map of the blur, (N, 1, H, W) float32 from
        0 (sharp) to 1 (fully blurred), or None if the settings have no blur.

    Raises:
        UserError: The settings contain line defects, which only inpainting simulates.
    """
    frames = [Window.whole(*x.shape[-2:])] * len(x)
    return degrade_windows(x, frames, frames, x.mean(dim=(2, 3), keepdim=True), settings, generator)


def margin(settings: Degradation) -> Margin:
    """Return how much of a frame is needed around a window, in px of the sharp image and multiples of the scale."""
    kernel = half_width(settings.blur) if settings.blur else 0
    optics = kernel + downsampling.reach(settings.scale, settings.downsampling)
    distorted = reach(settings.scan or Scan())
    blocks = -(-optics // settings.scale)
    sides = (distorted.rows, distorted.left, distorted.right)
    return Margin(*(settings.scale * (blocks + side) for side in sides))


def degrade_windows(
    x: Tensor,
    given: Sequence[Window],
    wanted: Sequence[Window],
    mean: Tensor | None,
    settings: Degradation,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor | None]:
    """Render windows of degraded frames without degrading the whole frames.

    Args:
        x: (N, C, H, W) float32 in [0, 1], the sharp frames in the windows `given`.
        given: The windows `wanted`, widened by `margin(settings)`; all of one size.
        wanted: Windows to render, all of one size. Windows and frames begin and end on the grid of the scale
            (`Window.aligned`).
        mean: (N, C, 1, 1) of the sharp frames; None where the settings have no charging.
        settings: As in `degrade_with_blur`.
        generator: Random generator on the device of `x`. What belongs to a frame as a whole is the same for all of its
            windows; what belongs to a line or pixel is drawn for the rendered part only.

    Returns:
        The degraded windows, (N, C, h / scale, w / scale), not clipped, where h and w are the size of the windows
        `wanted`; and the map of the blur as in `degrade_with_blur`.

    Raises:
        UserError: The settings contain line defects, which only inpainting simulates.
    """
    if settings.lines:
        raise UserError(
            "Only inpainting recipes can redraw line defects; use ", SettingRef("degradation.lines", "none"), "."
        )
    # The contrast arises in the specimen, before the lens blurs it.
    blurred, region = remap(x, settings.grey_curve, generator) if settings.grey_curve else x, None
    if settings.blur is not None:
        blurred, region = defocus(blurred, settings.blur, coordinates(given, x.device), generator)
        region = cut(region, given, wanted)
    signal = downsample(blurred, settings.scale, settings.downsampling)
    scan = settings.scan or Scan()
    given, wanted = ([window.reduced(settings.scale) for window in windows] for windows in (given, wanted))
    place = coordinates(given, x.device)
    strength = draw_strengths(settings, len(x), generator)
    moved = displace(signal, scan, place, generator, strength.jitter)
    signal = cut(charge(moved, scan.charging, mean, place, generator), given, wanted)
    read_noise = strength.read_noise * settings.read_noise
    noisy = add_noise(signal, settings.dose_e_per_px, read_noise, generator, settings.background)
    banded = band(noisy, strength.banding * scan.banding, generator)
    return streak(banded, scan, generator, strength.streaks, strength.streak_length_px), region
