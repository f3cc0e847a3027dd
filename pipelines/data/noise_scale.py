"""Which grey levels of a noisy file are 0 and 1 in an estimate of its noise: those of a training, if they are known."""

from dataclasses import dataclass

import numpy as np

from pipelines.data.find import find_dataset
from sem_models.config.intensity import RoleLimits, limits_of_type
from sem_models.errors import FieldRef, Message, UserError
from sem_models.images.intensity import IntensityRange, intensity_range
from sem_models.images.micrograph import Micrograph
from sem_models.names import quoted


@dataclass(frozen=True)
class NoiseScale:
    """The unit scale in which noise is measured."""

    limits: IntensityRange
    whose: str
    """Says what these limits are those of."""
    is_of_training: bool
    """Whether a training scales its images by these limits, so that its simulation takes the estimate as it is."""

    def __str__(self) -> str:
        return f"0 and 1 are the grey levels {_named(self.limits)}, {self.whose}"

    @property
    def advice(self) -> Message | None:
        """What to do to get settings of a training; None if the estimate holds them."""
        if self.is_of_training:
            return None
        return Message(
            "These are no settings of a training: it scales 16- and 32-bit images by the limits of its dataset, not by "
            "those of this file. For the settings give the dataset of the training as ",
            FieldRef("dataset"),
            ".",
        )


def noise_scale(frame: Micrograph, dataset: str | None) -> NoiseScale:
    """Choose the scale in which the noise of a grey image without data bar is measured.

    Args:
        frame: The image, in its native dtype.
        dataset: Name of the dataset to whose sharp images a training adds noise; None: the file alone.

    Raises:
        UserError: There is no such dataset, or its grey levels are not those of the file.
    """
    if dataset is not None:
        return NoiseScale(_limits_of(dataset, frame), f"the intensity limits of dataset {dataset}", True)
    limits = intensity_range(frame.pixels)
    if frame.pixels.dtype == np.uint8:
        return NoiseScale(limits, "those of all 8-bit images", True)
    return NoiseScale(limits, "the 0.1 and 99.9 percentiles of this file", False)


def _limits_of(name: str, frame: Micrograph) -> IntensityRange:
    from sem_models.inference.scaling import fitting, limits_like  # imports PyTorch, which only a dataset needs

    dataset, own = find_dataset(name), intensity_range(frame.pixels)
    shared = dataset.manifest.limits(dataset.sharp_role)
    if not shared:
        raise UserError(f"Dataset {quoted(name)} has no intensity limits that its images share; prepare it again.")
    measured = limits_like(frame, [own])
    known = limits_of_type(shared, measured.dtype)
    trained = fitting(known, measured) if known else None
    if trained is None:
        raise UserError(
            f"{frame.source} ({measured.dtype}, grey levels {_named(own)}) cannot be compared with dataset "
            f"{quoted(name)} ({_listed(shared)}); give a file of the same instrument and bit depth."
        )
    return IntensityRange(*trained[0])


def _listed(limits: RoleLimits) -> str:
    return "; ".join(f"{own.dtype}, {_named(IntensityRange(*own.parts[0]))}" for own in limits)


def _named(limits: IntensityRange) -> str:
    return f"{limits.lo:.6g} to {limits.hi:.6g}"
