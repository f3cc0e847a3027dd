"""What is stored of one sample: registered and at the pixel size of the dataset, in the right order."""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from sem_models.data.alignment import Alignment, align
from sem_models.data.pairs import AlignedPair
from sem_models.data.planned import PlannedImage
from sem_models.data.registered import one_size
from sem_models.data.resampling import resample_cuts

Cut = tuple[PlannedImage, NDArray[Any], dict[str, Any]]


def registered_cuts(cuts: list[Cut], pair: AlignedPair | None, resample_nm: float | None) -> list[Cut]:
    """The arrays of one sample, each (H, W, C) in its own type with what is known of it.

    Args:
        cuts: Without data bars; of a pair input and target.
        pair: How it is registered; None where the sample is no pair.
        resample_nm: Pixel size of the dataset; None: that of the files.
    """
    if pair and pair.resample_nm:
        cuts, resample_nm = _of_one_size(resample_cuts(cuts, pair.resample_nm)), None
    if pair and pair.alignment:
        cuts = _aligned(cuts, pair.alignment)
    # Else registration was found in the pixels of the files, which therefore come first.
    return resample_cuts(cuts, resample_nm)


def _of_one_size(cuts: list[Cut]) -> list[Cut]:
    (image, first, facts), (other, second, more) = cuts
    first, second = one_size(first, second)
    return [(image, first, facts), (other, second, more)]


def _aligned(cuts: list[Cut], found: Alignment) -> list[Cut]:
    """A warped input has the pixels of its target's size."""
    (image, first, facts), (other, second, more) = cuts
    first, second = align(first, second, found)
    if found.warp and other.pixel_size_nm:
        image = replace(image, pixel_size_nm=other.pixel_size_nm)
    return [(image, first, facts), (other, second, more)]
