"""DPM-Solver++ 2M (Lu, Zhou, Bao, Chen, Li and Zhu, 2022, algorithm 2): from noise to image, and from image to noise.

Both directions follow the probability-flow differential equation, on time steps that are uniform in the logarithm of
the signal-to-noise ratio. Fine texture is decided where there is little noise, and steps that are uniform in time
leave out just that: DDIM (Song, Meng and Ermon, ICLR 2021), which is the first-order method of this family, keeps 45 %
of a texture of 2 % of the range in 50 such steps, where this keeps all of it in 25. The same method also runs upwards,
which DDIM inversion does with an error of first order.

Images are signed as in `sem_models.inference.diffusion.noise_schedule`. A `NoisePredictor` is any function that tells
what was added: a trained network, or in tests an exact one. It is only asked at whole times, as in training.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sem_models.config.method_settings import DiffusionSettings
from sem_models.inference.diffusion.noise_schedule import ForwardProcess
from sem_models.progress import Progress, silent

NoisePredictor = Callable[[Tensor, Tensor], Tensor]
"""(N, C, H, W) noisy and (N,) times to noise or velocity, whatever the settings say."""
_WHAT = "denoising steps"
_NOISIEST_LOG_SNR = -5.1
"""Where drawing begins: 0.6 % of the image is left. Cosine betas go on to -9.9, through a few steep last times."""


def decode(
    predict: NoisePredictor,
    settings: DiffusionSettings,
    noisy: Tensor,
    noisiest: int | None = None,
    *,
    clip: bool = True,
    progress: Progress = silent,
) -> Tensor:
    """Take the noise away.

    Args:
        predict: What is in the image.
        settings: Of the training, with the number of steps to take.
        noisy: (N, C, H, W) standard normal; or, with `noisiest`, an image with the noise of that time.
        noisiest: Time at which to begin; None: where there is nothing but noise.
        clip: Hold the image that is foreseen at each step between -1 and 1. Not where `encode` is to be undone.
        progress: Told after each step.

    Returns:
        (N, C, H, W) signed.
    """
    walk, path = _Walk(predict, ForwardProcess(settings), clip), times(settings, noisiest)
    before, now = None, walk.look(noisy, path[0])
    progress(1, len(path), _WHAT)
    for index, time in enumerate(path[1:], start=2):
        noisy = walk.move(noisy, before, now, time)
        before, now = now, walk.look(noisy, time)
        progress(index, len(path), _WHAT)
    return walk.finish(before, now)


def encode(predict: NoisePredictor, settings: DiffusionSettings, image: Tensor, progress: Progress = silent) -> Tensor:
    """The noise from which `decode` without clipping makes (N, C, H, W) signed `image` again, up to the step size."""
    walk, path = _Walk(predict, ForwardProcess(settings), clip=False), times(settings)[::-1]
    noisy = walk.start(image, path[0])
    progress(1, len(path), _WHAT)
    before: _Seen | None = None
    for index, (here, there) in enumerate(zip(path[:-1], path[1:], strict=True), start=2):
        now = walk.look(noisy, here)
        noisy, before = walk.move(noisy, before, now, there), now
        progress(index, len(path), _WHAT)
    return noisy


def times(settings: DiffusionSettings, noisiest: int | None = None) -> list[int]:
    """Time steps in the order in which `decode` takes them, from the noisiest on, uniform in log-SNR.

    From a later beginning they are as dense. Where times lie farther apart than the steps, each is taken once, so
    that there may be fewer than the settings say.
    """
    log_snr = ForwardProcess(settings).log_snr
    start = int(np.flatnonzero(log_snr >= _NOISIEST_LOG_SNR)[-1])
    first = start if noisiest is None else noisiest
    share = (log_snr[0] - log_snr[first]) / (log_snr[0] - log_snr[start])
    steps = round((settings.sampling.steps - 1) * share) + 1
    wanted = np.linspace(log_snr[first], log_snr[0], steps)
    found = np.interp(wanted, log_snr[::-1], np.arange(len(log_snr))[::-1])
    return [int(t) for t in np.unique(np.rint(found))[::-1]]


@dataclass(frozen=True)
class _Seen:
    """What a noisy image was taken for."""

    time: int
    image: Tensor
    noise: Tensor


@dataclass(frozen=True)
class _Walk:
    """Single steps along the noise levels of a process."""

    predict: NoisePredictor
    process: ForwardProcess
    clip: bool

    def look(self, noisy: Tensor, time: int) -> _Seen:
        """Ask for what was added, and split the noisy image into image and noise."""
        told = self.predict(noisy, torch.full((len(noisy),), time, device=noisy.device))
        image = self.process.image_of(noisy, told, time)
        image = image.clamp(-1, 1) if self.clip else image
        return _Seen(time, image, (noisy - self.process.signal[time] * image) / self.process.noise[time])

    def move(self, noisy: Tensor, before: _Seen | None, now: _Seen, time: int) -> Tensor:
        """From the noise level of `now` to that of another time, up or down; second order once there is a `before`."""
        signal, noise = self.process.signal, self.process.noise
        step, image = self._step(now.time, time), now.image
        if before is not None:
            image = image + step / (2 * self._step(before.time, now.time)) * (image - before.image)
        return noise[time] / noise[now.time] * noisy - signal[time] * math.expm1(-step) * image

    def _step(self, time: int, other: int) -> float:
        return float(self.process.log_snr[other] - self.process.log_snr[time])

    def finish(self, before: _Seen | None, now: _Seen) -> Tensor:
        """From the least noise level to none.

        The noise foreseen falls to nothing where the level is finer than the texture, and stays where there is none.
        It is continued in a straight line over the level, and its mean down to zero is taken away: with all of that
        of the last level a texture of 2 % of the range would lose 3 %.
        """
        if before is None:
            return now.image
        level, earlier = (self.process.noise[seen.time] / self.process.signal[seen.time] for seen in (now, before))
        return now.image + (before.noise - now.noise) * (level**2 / (2 * (earlier - level)))

    def start(self, image: Tensor, time: int) -> Tensor:
        """From no noise to the least level: half of what is foreseen there, as it grows from nothing."""
        clean = self.process.signal[time] * image
        return clean + self.process.noise[time] / 2 * self.look(clean, time).noise
