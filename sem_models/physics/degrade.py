"""The forward model that makes a network's input out of a sharp micrograph.

The order is that of the instrument. The lens blurs the specimen before anything is sampled; down-sampling stands for a
larger pixel step, so line shifts, drift and trails are counted in pixels of the recorded image and come after it. The
beam goes astray before it hits anything, and charging changes how many electrons come back: both come before the shot
noise, which would otherwise be interpolated and lose its variance. Banding, streaks and read noise belong to the
amplifier and are only added, so that which of them comes first makes no difference.
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
    """(N, C, H, W) float in [0, 1] to (N, C, H / scale, W / scale); H and W must be multiples of the scale."""
    return degrade_with_blur(x, settings, generator)[0]


def degrade_with_blur(x: Tensor, settings: Degradation, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """`degrade`, and where the sharp image was blurred.

    Args:
        x: (N, C, H, W) float32 in [0, 1]; H and W multiples of the scale.
        settings: Every image draws its own blur, region, scan distortion, dose and noise from them.
        generator: On the device of `x`; nothing is drawn for parts that are absent.

    Returns:
        (N, C, H / scale, W / scale), not clipped, and (N, 1, H, W) float32 in the frame of `x`, 0 sharp to 1 blurred in
        full, None where the settings have no blur.

    Raises:
        UserError: Lines are to be spoilt, which only inpainting does, as it also says which.
    """
    if settings.lines:
        raise UserError(
            "Only recipes of inpainting mend spoilt lines; use ", SettingRef("degradation.lines", "none"), "."
        )
    blurred, region = (x, None) if settings.blur is None else defocus(x, settings.blur, generator)
    signal = downsample(blurred, settings.scale, settings.downsampling)
    scan = settings.scan or Scan()
    signal = charge(displace(signal, scan, generator), scan.charging, generator)
    noisy = add_noise(signal, settings.dose_e_per_px, settings.read_noise, generator)
    return streak(band(noisy, scan.banding, generator), scan, generator), region
