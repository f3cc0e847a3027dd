"""Resampling a whole dataset to one pixel size: planning, checks, and the resampling itself."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Resampled
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.errors import FieldRef, UserError
from sem_models.images.resample import resample, resample_labels, resampled_size

_LARGEST = 8.0
"""Largest enlargement. A larger one indicates a wrong pixel size, or would add pixels without any information."""
_FEWEST_PX = 16
_MANY_NAMES = 3


def stated_pixel_size(options: PrepareOptions, role: Role) -> float | None:
    """Return the pixel size that the user states for a role. Targets may have their own."""
    own = options.target_pixel_size_nm if role == "target" else None
    return own or options.pixel_size_nm


def plan_resampling(images: Sequence[PlannedImage], options: PrepareOptions) -> tuple[str, ...]:
    """Check every image before anything is written, and return notes for the user.

    Raises:
        UserError: A pixel size is unknown, or is too far from the common one.
    """
    if options.target_pixel_size_nm and not options.layout.brings_inputs:
        own = FieldRef("target_pixel_size_nm")
        raise UserError(own, f": kind {options.kind} has no targets; use ", FieldRef("pixel_size_nm"), ".")
    if options.resample_nm is None:
        return ()
    shown = [image for image in images if image.role != "mask"]
    unknown = [image for image in shown if not image.pixel_size_nm]
    if unknown:
        of_targets = all(image.role == "target" for image in unknown)
        raise UserError(
            f"{_names(unknown)}: pixel size unknown, so it cannot be resampled to {options.resample_nm:g} nm; state "
            "the pixel size with ",
            FieldRef("target_pixel_size_nm" if of_targets else "pixel_size_nm"),
            ".",
        )
    for image in shown:
        _refuse_extremes(image, options.resample_nm)
    larger = [image for image in shown if (resampled_shape(image, options.resample_nm) or (0, 0))[1] > image.shape[1]]
    if not larger:
        return ()
    return (f"{_names(larger)}: enlarged to {options.resample_nm:g} nm/px, which adds pixels but no detail.",)


def zoom(image: PlannedImage, resample_nm: float | None) -> float | None:
    """Return the new pixels per old pixel along an edge; None if nothing is resampled or the pixel size is unknown."""
    return image.pixel_size_nm / resample_nm if resample_nm and image.pixel_size_nm else None


def resampled_shape(image: PlannedImage, resample_nm: float | None) -> tuple[int, int] | None:
    """Return the rows and columns after resampling, without the data bar; None if the image is not resampled."""
    factor = zoom(image, resample_nm)
    return resampled_size(image.shape[0] - image.databar.rows, image.shape[1], factor) if factor else None


def becomes(images: Sequence[PlannedImage], resample_nm: float | None) -> list[str]:
    """Return the end of each line of the plan, for example ` -> 512 x 300 px`; empty if nothing is resampled.

    A mask takes the size of its image, because mask files rarely state a pixel size.
    """
    shown = {image.sample: image for image in images if image.role != "mask"}
    known = [shown.get(image.sample, image) if image.role == "mask" else image for image in images]
    shapes = [resampled_shape(image, resample_nm) for image in known]
    return [f" -> {shape[1]} x {shape[0]} px" if shape else "" for shape in shapes]


def resample_cuts(
    cuts: list[tuple[PlannedImage, NDArray[Any], dict[str, Any]]], resample_nm: float | None
) -> list[tuple[PlannedImage, NDArray[Any], dict[str, Any]]]:
    """Resample the arrays of one sample to the common pixel size; a mask is resampled like its image."""
    if resample_nm is None:
        return cuts
    done = []
    for image, pixels, facts in cuts:
        # The first image of a sample is never a mask. Mask files rarely state a pixel size.
        known = cuts[0][0] if image.role == "mask" else image
        size, factor = known.pixel_size_nm, zoom(known, resample_nm)
        if size is None or factor is None:
            raise ValueError(f"{image.source} was planned without its pixel size")
        scaled = resample_labels(pixels, factor) if image.role == "mask" else resample(pixels, factor)
        was = Resampled(from_nm=size, factor=factor)
        done.append((replace(image, pixel_size_nm=resample_nm, resampled=was), scaled, facts))
    return done


def _refuse_extremes(image: PlannedImage, resample_nm: float) -> None:
    factor, shape = zoom(image, resample_nm), resampled_shape(image, resample_nm)
    if factor is None or shape is None:
        return
    if factor > _LARGEST:
        raise UserError(
            f"{image.source}: {image.pixel_size_nm:g} nm/px would be enlarged {factor:.3g} times to "
            f"{resample_nm:g} nm, but at most {_LARGEST:g} times is allowed; check ",
            FieldRef("pixel_size_nm"),
            " or use a larger ",
            FieldRef("resample_nm"),
            ".",
        )
    if min(shape) < _FEWEST_PX:
        raise UserError(
            f"{image.source}: only {shape[1]} x {shape[0]} px would be left at {resample_nm:g} nm; check ",
            FieldRef("pixel_size_nm"),
            " or use a smaller ",
            FieldRef("resample_nm"),
            ".",
        )


def _names(images: Sequence[PlannedImage]) -> str:
    names = ", ".join(image.source for image in images[:_MANY_NAMES])
    return f"{names} and {len(images) - _MANY_NAMES} more" if len(images) > _MANY_NAMES else names
