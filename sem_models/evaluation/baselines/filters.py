"""Classical filters of scikit-image, which a denoising or refocusing network has to beat."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from skimage import restoration
from skimage.filters import gaussian, unsharp_mask
from torch import Tensor

from sem_models.config.networks.capabilities import Capabilities
from sem_models.images.intensity import UnitImage
from sem_models.physics.downsampling import upsample

_GAUSSIAN_PX = 1.0
_NLM_STRENGTH = 0.8
_TV_STRENGTH = 1.0
"""In units of the noise: the best values on training images of powder, coatings and axons at 20 to 200 e/px."""
_WIENER_BALANCE = 0.01
_LUCY_STEPS = 20
_LEAST_NOISE = 1e-6
_BLOCK = 16
"""Edge of a block of Haar details whose variance is measured where single details are too coarse."""


@dataclass(frozen=True)
class WholeImageFilter:
    """A filter of the mean over channels that needs the whole image at once, for instance to measure its noise."""

    name: str
    apply: Callable[[UnitImage], UnitImage]
    """Takes and returns (H, W) in unit intensity."""
    scale: int = 1
    """How many times the filtered image is enlarged, by bicubic interpolation."""

    @property
    def capabilities(self) -> Capabilities:
        """One channel in and out, never in tiles."""
        return Capabilities(1, 1, self.scale, 0, tiling="discouraged")

    def __call__(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W), averaged over channels; returns (N, 1, H x scale, W x scale) float32."""
        filtered = np.stack([self.apply(image) for image in x.float().mean(1).cpu().numpy()])
        small = torch.from_numpy(filtered[:, None].astype(np.float32)).to(x.device)
        return upsample(small, self.scale) if self.scale > 1 else small


def gaussian_filter(image: UnitImage) -> UnitImage:
    """Smooth (H, W) by a Gaussian of sigma 1 px."""
    smooth: UnitImage = gaussian(image, _GAUSSIAN_PX, mode="reflect")
    return smooth


def non_local_means(image: UnitImage) -> UnitImage:
    """Denoise by non-local means (Buades et al., 2005): patches of 5 px within 6 px, strength 0.8 x estimated noise."""
    sigma = noise_sigma(image)
    result: UnitImage = restoration.denoise_nl_means(
        image, patch_size=5, patch_distance=6, h=_NLM_STRENGTH * sigma, sigma=sigma, fast_mode=True
    )
    return result


def total_variation(image: UnitImage) -> UnitImage:
    """Denoise by total variation (Chambolle, 2004), weighted by the estimated noise."""
    result: UnitImage = restoration.denoise_tv_chambolle(image, weight=_TV_STRENGTH * noise_sigma(image))
    return result


def unsharp(image: UnitImage) -> UnitImage:
    """Sharpen by unsharp masking with radius 2 px and amount 1.5, without knowing the blur."""
    result: UnitImage = unsharp_mask(image, radius=2, amount=1.5, preserve_range=True)
    return result


def wiener(psf: UnitImage) -> Callable[[UnitImage], UnitImage]:
    """Return Wiener deconvolution by a known kernel, with Laplacian regularisation (Orieux et al., 2010)."""
    return lambda image: _padded(image, psf, lambda x: restoration.wiener(x, psf, _WIENER_BALANCE, clip=False))


def richardson_lucy(psf: UnitImage) -> Callable[[UnitImage], UnitImage]:
    """Return Richardson-Lucy deconvolution (1972, 1974) by a known kernel, 20 iterations."""

    def deconvolve(image: UnitImage) -> UnitImage:
        positive = np.clip(image, 1e-4, None)
        return _padded(positive, psf, lambda x: restoration.richardson_lucy(x, psf, _LUCY_STEPS, clip=False))

    return deconvolve


def noise_sigma(image: UnitImage) -> float:
    """Estimate the standard deviation of white noise from the diagonal Haar details (Donoho and Johnstone, 1994).

    The median of their magnitudes is 0 where more than half of them are, as at counts far below one electron per pixel.
    There, their variance is that of the pixels all the same: the median over blocks is taken, which edges in a minority
    of the blocks do not reach, so that a flat image with edges still has no noise.
    """
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    details = (even[::2, ::2] - even[1::2, ::2] - even[::2, 1::2] + even[1::2, 1::2]) / 2
    sigma = float(np.median(np.abs(details))) / 0.6745
    return max(sigma or float(np.sqrt(np.median(_block_powers(details)))), _LEAST_NOISE)


def _block_powers(details: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the mean squares of the blocks of (H, W), (H / 16, W / 16); rows and columns left over are cut off."""
    rows, columns = (min(_BLOCK, length) for length in details.shape)
    down, right = details.shape[0] // rows, details.shape[1] // columns
    blocks = details[: down * rows, : right * columns].reshape(down, rows, right, columns)
    powers: NDArray[np.floating] = (blocks.astype(np.float64) ** 2).mean(axis=(1, 3))
    return powers


def _padded(image: UnitImage, psf: UnitImage, deconvolve: Callable[[UnitImage], UnitImage]) -> UnitImage:
    """Deconvolve with reflected borders, because deconvolution assumes an image that is periodic or black outside."""
    rows, columns = (min(2 * size, length - 1) for size, length in zip(psf.shape, image.shape, strict=True))
    around = np.pad(image, ((rows, rows), (columns, columns)), mode="reflect")
    inner: UnitImage = deconvolve(around)[rows:-rows, columns:-columns]
    return inner
