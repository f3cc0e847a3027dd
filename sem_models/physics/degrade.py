"""The forward model that makes a network's input out of a sharp micrograph.

The order is that of the instrument. The lens blurs the specimen before anything is sampled; down-sampling stands for a
larger pixel step, so line shifts, drift and trails are counted in pixels of the recorded image and come after it. The
beam goes astray before it hits anything, and charging changes how many electrons come back: both come before the shot
noise, which would otherwise be interpolated and lose its variance. Banding, streaks and read noise belong to the
amplifier and are only added, so that which of them comes first makes no difference.

All of it happens to whole frames. A training patch is a window of a frame: blur, down-sampling and scan distortions are
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
from sem_models.physics.noise import add_noise
from sem_models.physics.scan import band, charge, displace, reach, streak


def degrade(x: Tensor, settings: Degradation, generator: torch.Generator) -> Tensor:
    """Whole frames (N, C, H, W) float in [0, 1] to (N, C, H / scale, W / scale), H and W multiples of the scale."""
    return degrade_with_blur(x, settings, generator)[0]


def degrade_with_blur(x: Tensor, settings: Degradation, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """`degrade`, and where the sharp image was blurred.

    Args:
        x: (N, C, H, W) float32 in [0, 1], whole frames; H and W multiples of the scale.
        settings: Every image draws its own blur, region, scan distortion, dose and noise from them.
        generator: On the device of `x`; nothing is drawn for parts that are absent.

    Returns:
        (N, C, H / scale, W / scale), not clipped, and (N, 1, H, W) float32 in the frame of `x`, 0 sharp to 1 blurred in
        full, None where the settings have no blur.

    Raises:
        UserError: Lines are to be spoilt, which only inpainting does, as it also says which.
    """
    frames = [Window.whole(*x.shape[-2:])] * len(x)
    return _rendered(x, frames, frames, x.mean(dim=(2, 3), keepdim=True), settings, generator)


def margin(settings: Degradation) -> Margin:
    """How much of a frame must be given around a window, in px of the sharp image and multiples of the scale."""
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
) -> Tensor:
    """What windows of degraded frames show, without degrading the frames.

    Args:
        x: (N, C, H, W) float32 in [0, 1], what the sharp frames show in the windows `given`.
        given: The windows `wanted`, widened by `margin(settings)`; all of one size.
        wanted: All of one size. Windows and frames begin and end on the grid of the scale (`Window.aligned`).
        mean: (N, C, 1, 1) of the sharp frames; None where the settings have no charging.
        settings: As in `degrade_with_blur`.
        generator: On the device of `x`. What is drawn for a frame is the same for all of its windows; what is drawn for
            each line or pixel is drawn for what is rendered.

    Returns:
        (N, C, h / scale, w / scale), not clipped; h and w are the size of the windows `wanted`.
    """
    return _rendered(x, given, wanted, mean, settings, generator)[0]


def _rendered(
    x: Tensor,
    given: Sequence[Window],
    wanted: Sequence[Window],
    mean: Tensor | None,
    settings: Degradation,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor | None]:
    """As `degrade_windows`, and where the sharp windows were blurred."""
    if settings.lines:
        raise UserError(
            "Only recipes of inpainting mend spoilt lines; use ", SettingRef("degradation.lines", "none"), "."
        )
    blurred, region = x, None
    if settings.blur is not None:
        blurred, region = defocus(x, settings.blur, coordinates(given, x.device), generator)
        region = cut(region, given, wanted)
    signal = downsample(blurred, settings.scale, settings.downsampling)
    scan = settings.scan or Scan()
    given, wanted = ([window.reduced(settings.scale) for window in windows] for windows in (given, wanted))
    place = coordinates(given, x.device)
    signal = charge(displace(signal, scan, place, generator), scan.charging, mean, place, generator)
    noisy = add_noise(cut(signal, given, wanted), settings.dose_e_per_px, settings.read_noise, generator)
    return streak(band(noisy, scan.banding, generator), scan, generator), region
