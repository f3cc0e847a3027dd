"""The pixels in which a pair is registered: those of its files, or at one pixel size where the files differ in it."""

from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import zoom
from sem_models.datasets.preparation.stacking import cut_file
from sem_models.errors import UserError
from sem_models.images.micrograph import Pixels
from sem_models.images.resample import resample

_SAME = 1e-3
"""Pixel sizes that differ by less are one."""
_ROUNDED_PX = 2
"""Resampled sizes are rounded, and so are stated pixel sizes: so much is cut off, more is another field."""


def resampled_first(image: PlannedImage, target: PlannedImage, resample_nm: float | None) -> bool:
    """Whether a pair has to be resampled before it can be registered, because its two sizes are not one.

    Where pixel sizes agree, the files themselves are registered: they are sharper.
    """
    first, second = zoom(image, resample_nm), zoom(target, resample_nm)
    if first is None or second is None:
        return False
    return abs(first / second - 1) > _SAME or _size(image) != _size(target)


def registered_pixels(image: PlannedImage, target: PlannedImage, resample_nm: float | None) -> tuple[Pixels, Pixels]:
    """Both (H, W, C) images without data bars, in their own type, as they are to be registered.

    Raises:
        UserError: At the common pixel size they differ in size.
    """
    first, second = cut_file(image).pixels, cut_file(target).pixels
    if not resampled_first(image, target, resample_nm):
        return first, second
    factors = [zoom(image, resample_nm) or 1, zoom(target, resample_nm) or 1]
    return one_size(resample(first, factors[0]), resample(second, factors[1]))


def one_size(first: Pixels, second: Pixels) -> tuple[Pixels, Pixels]:
    """Both (H, W, C) cut at the lower and right edge to the size that both have, by two px at most.

    Raises:
        UserError: They differ by more.
    """
    height, width = (min(first.shape[axis], second.shape[axis]) for axis in (0, 1))
    if any(max(image.shape[0] - height, image.shape[1] - width) > _ROUNDED_PX for image in (first, second)):
        sizes = [f"{image.shape[1]} x {image.shape[0]} px" for image in (first, second)]
        raise UserError(
            f"at the common pixel size they have {sizes[0]} and {sizes[1]}, which is not one field; check the pixel "
            "sizes (--pixel-size, --target-pixel-size) or cut the files to one field"
        )
    return first[:height, :width], second[:height, :width]


def refuse_two_sizes(first: Pixels, second: Pixels) -> None:
    """UserError where a registration was asked for that two sizes do not allow."""
    if first.shape[:2] != second.shape[:2]:
        sizes = [f"{image.shape[1]} x {image.shape[0]} px" for image in (first, second)]
        raise UserError(
            f"they have {sizes[0]} and {sizes[1]}, and only images of one size can be registered; bring both to one "
            "pixel size with --resample, or leave them as they are with --register none"
        )


def _size(image: PlannedImage) -> tuple[int, int]:
    return image.shape[0] - image.databar.rows, image.shape[1]
