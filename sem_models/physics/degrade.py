"""The forward model, which simulates a network's input from a sharp micrograph.

The order is that of the instrument. The lens blurs the specimen before anything is sampled. Down-sampling represents a
larger pixel step, so line shifts, drift and trails are in pixels of the recorded image and follow it. The beam is
displaced before it hits the specimen, and charging changes the number of electrons that return, so both precede the
shot noise, which would otherwise be interpolated and lose variance. Banding, streaks and read noise arise in the
amplifier; they are added, so their order does not matter.
"""

import torch
from torch import Tensor

from sem_models.config.degradation import Degradation, Scan
from sem_models.errors import SettingRef, UserError
from sem_models.physics.blur import defocus
from sem_models.physics.downsampling import downsample
from sem_models.physics.noise import add_noise
from sem_models.physics.scan import band, charge, displace, streak


def degrade(x: Tensor, settings: Degradation, generator: torch.Generator) -> Tensor:
    """Degrade (N, C, H, W) float in [0, 1] to (N, C, H / scale, W / scale); H and W must be multiples of the scale.

    Raises:
        UserError: The settings contain line defects, which only inpainting simulates.
    """
    return degrade_with_blur(x, settings, generator)[0]


def degrade_with_blur(x: Tensor, settings: Degradation, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """Degrade images as `degrade` does, and return where they were blurred.

    Args:
        x: (N, C, H, W) float32 in [0, 1]; H and W are multiples of the scale.
        settings: Settings from which blur, region, scan distortion, dose and noise are drawn separately for each image.
        generator: Random generator on the device of `x`. Nothing is drawn for absent parts.

    Returns:
        The degraded images, (N, C, H / scale, W / scale), not clipped; and a map of the blur, (N, 1, H, W) float32 from
        0 (sharp) to 1 (fully blurred), or None if the settings have no blur.

    Raises:
        UserError: The settings contain line defects, which only inpainting simulates.
    """
    if settings.lines:
        raise UserError(
            "Only inpainting recipes can redraw line defects; use ", SettingRef("degradation.lines", "none"), "."
        )
    blurred, region = (x, None) if settings.blur is None else defocus(x, settings.blur, generator)
    signal = downsample(blurred, settings.scale, settings.downsampling)
    scan = settings.scan or Scan()
    signal = charge(displace(signal, scan, generator), scan.charging, generator)
    noisy = add_noise(signal, settings.dose_e_per_px, settings.read_noise, generator)
    return streak(band(noisy, scan.banding, generator), scan, generator), region
