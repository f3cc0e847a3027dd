"""The pixels in which a pair is registered: those of its files, or resampled if the files differ in pixel size."""

from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.resampling import zoom
from sem_models.datasets.preparation.stacking import cut_file
from sem_models.datasets.registration.scales import times_larger
from sem_models.errors import FieldRef, UserError
from sem_models.images.micrograph import Pixels
from sem_models.images.resample import resample

_SAME = 1e-3
"""Relative difference below which pixel sizes count as equal."""
_ROUNDED_PX = 2
"""Largest difference in size that is cut off. It arises from rounding; a larger one means different fields."""


def resampled_first(image: PlannedImage, target: PlannedImage, resample_nm: float | None) -> bool:
    """Return whether a pair must be resampled before registration, because the two images differ in size.

    If the pixel sizes agree, the files themselves are registered, because they are sharper.
    """
    first, second = zoom(image, resample_nm), zoom(target, resample_nm)
    if first is None or second is None:
        return False
    return abs(first / second - 1) > _SAME or _size(image) != _size(target)


def registered_pixels(image: PlannedImage, target: PlannedImage, resample_nm: float | None) -> tuple[Pixels, Pixels]:
    """Return both images as they are to be registered: (H, W, C) in their own data types, without data bars.

    Raises:
        UserError: The images differ in size at the common pixel size.
    """
    first, second = cut_file(image).pixels, cut_file(target).pixels
    if not resampled_first(image, target, resample_nm):
        return first, second
    factors = [zoom(image, resample_nm) or 1, zoom(target, resample_nm) or 1]
    return one_size(resample(first, factors[0]), resample(second, factors[1]))


def one_size(first: Pixels, second: Pixels) -> tuple[Pixels, Pixels]:
    """Cut both (H, W, C) images at the lower and right edges to their common size, by two pixels at most.

    Raises:
        UserError: The sizes differ by more.
    """
    height, width = (min(first.shape[axis], second.shape[axis]) for axis in (0, 1))
    if any(max(image.shape[0] - height, image.shape[1] - width) > _ROUNDED_PX for image in (first, second)):
        sizes = [f"{image.shape[1]} x {image.shape[0]} px" for image in (first, second)]
        raise UserError(
            f"at the common pixel size they have {sizes[0]} and {sizes[1]}, so they do not show the same field; check "
            "the pixel sizes (",
            FieldRef("pixel_size_nm"),
            ", ",
            FieldRef("target_pixel_size_nm"),
            ") or crop the files to the same field",
        )
    return first[:height, :width], second[:height, :width]


def refuse_other_sizes(first: Pixels, second: Pixels) -> None:
    """Check that the second image is as large as the first or a whole number of times larger, as registration requires.

    Raises:
        UserError: It is not.
    """
    if times_larger(first, second) is None:
        sizes = [f"{image.shape[1]} x {image.shape[0]} px" for image in (first, second)]
        raise UserError(
            f"they have {sizes[0]} and {sizes[1]}, but only images of the same size, or targets that are 2, 3, ... "
            "times larger, can be registered; resample both to one pixel size with ",
            FieldRef("resample_nm"),
            ", or do without registration with ",
            FieldRef("registration", "none"),
        )


def _size(image: PlannedImage) -> tuple[int, int]:
    return image.shape[0] - image.databar.rows, image.shape[1]
