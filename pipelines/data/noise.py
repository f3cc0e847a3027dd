"""Use case: what noise an instrument makes, and the settings that make a training match it."""

from dataclasses import dataclass

from pipelines.data.noise_scale import NoiseScale, noise_scale
from pipelines.data.requests import NoiseRequest
from sem_models.datasets.registration.phase_correlation import crop_to_overlap, find_shift
from sem_models.errors import UserError
from sem_models.images.intensity import IntensityRange, UnitImage, to_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.specimen import load_specimen
from sem_models.physics.noise_estimate.estimate import NoiseEstimate, estimate_noise

_LARGEST_SHIFT = 0.25


@dataclass(frozen=True)
class MeasuredNoise:
    """The noise of an instrument, and the grey levels in whose span it is measured."""

    found: NoiseEstimate
    scale: NoiseScale

    @property
    def assignments(self) -> tuple[str, ...]:
        """Recipe settings that simulate this noise, as arguments of `--set`; empty if the limits of training differ."""
        return self.found.assignments if self.scale.is_of_training else ()


def noise_lines(found: NoiseEstimate) -> list[str]:
    """Describe an estimate, one line for each quantity, in fractions of the intensity range that it was measured in."""
    dose = f"{found.dose_e_per_px:.4g} e/px at white" if found.dose_e_per_px else "no shot noise"
    lines = [
        f"dose        {dose}",
        f"read noise  {found.read_noise:.4g} of the range",
        f"banding     {f'{found.banding:.3g} of the range' if found.banding else 'none found'}",
    ]
    shown = (found.bins.mean[0], found.bins.mean[len(found.bins.mean) // 2], found.bins.mean[-1])
    lines += [f"noise at brightness {mean:.2f}: {found.variance(max(mean, 0.0)) ** 0.5:.4g}" for mean in shown]
    if found.correlation:
        lengths = (
            f"{found.correlation.along_px:.2f} px along the scan lines, {found.correlation.across_px:.2f} px across"
        )
        lines.append(f"correlation length (1/e)  {lengths}; white noise has 0.63")
    return lines


def measure_noise(request: NoiseRequest) -> MeasuredNoise:
    """Estimate dose, read noise and banding from one micrograph, or more exactly from two frames of the same field.

    Data bars are cut. Both frames are put on the unit scale of the dataset, without one on that of the first, and
    cropped to their common field by whole pixels: interpolation would smooth the noise.

    Raises:
        UserError: A file that cannot be read, colour, frames of different size or of different fields, no such dataset,
            or one whose grey levels are not those of the file.
    """
    frame = load_specimen(request.file)
    scale = noise_scale(frame, request.dataset)
    return MeasuredNoise(estimate_noise(*_units(request, frame, scale.limits)), scale)


def _units(request: NoiseRequest, frame: Micrograph, limits: IntensityRange) -> list[UnitImage]:
    """Return the frames, (H, W) each, in unit intensity by these limits."""
    first, second = request.file, request.second
    if second is None:
        return [to_unit(frame.pixels[..., 0], limits)]
    other = load_specimen(second)
    if frame.pixels.shape != other.pixels.shape or frame.pixels.dtype != other.pixels.dtype:
        raise UserError(f"{second.name} differs in size or bit depth from {first.name}; give two frames of one field.")
    shift = find_shift(frame.pixels[..., 0], other.pixels[..., 0])
    if max(abs(value) for value in shift) > _LARGEST_SHIFT * min(frame.height, frame.width):
        raise UserError(f"{second.name} does not show the field of {first.name}; give two frames of one field.")
    pair = crop_to_overlap(frame.pixels, other.pixels, shift)
    return [to_unit(pixels[..., 0], limits) for pixels in pair]
