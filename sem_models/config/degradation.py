"""Settings of the forward model, which simulates a network's input from a sharp micrograph. Every run logs them."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from sem_models.config.frozen import Frozen

Downsampling = Literal["bicubic_aa", "cubic_aliased", "gaussian_area"]


DOWNSAMPLINGS: tuple[Downsampling, ...] = get_args(Downsampling)

PROJECTIONS = 2
"""Passes of back-projection, which makes an enlarged image agree with its input; one leaves a tenth of the error."""

BlurKernel = Literal["gaussian", "disc", "astigmatic"]
BLUR_KERNELS: tuple[BlurKernel, ...] = get_args(BlurKernel)


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("the first number must not be larger than the second")
    return ends


Size = Annotated[float, Field(ge=0, le=32)]
Dose = Annotated[float, Field(gt=0)]
Rows = Annotated[int, Field(ge=1, le=64)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Length = Annotated[float, Field(gt=0)]


class Blur(Frozen):
    """Defocus, applied before any noise."""

    kernel: BlurKernel = "gaussian"
    size_px: Annotated[tuple[Size, Size], AfterValidator(_ordered)] = (2.0, 2.0)
    """Smallest and largest sigma (`gaussian`; `astigmatic`: of the shorter axis) or radius (`disc`) in px. The size is
    drawn uniformly for each patch; if the two are equal, the blur is known."""
    ratio: float = Field(2.5, ge=1, le=10)
    """Astigmatic: largest ratio of the longer to the shorter axis. The ratio is uniform from 1, at any angle."""
    region: Literal["whole", "partial"] = "whole"
    """Partial: blur only where a soft random mask (half plane, ellipse or tilt) is above 0."""
    sharp_share: float = Field(0.2, ge=0, le=1)
    """Partial: share of the images that stay sharp everywhere."""


class Scan(Frozen):
    """Distortions caused by a scanned beam. A value of 0 switches the distortion off."""

    jitter_px: float = Field(0.0, ge=0)
    """Standard deviation of the shift of each scan line along the line."""
    drift_px: float = Field(0.0, ge=0)
    """Displacement of the last line relative to the first. It grows smoothly down the frame, in a random direction."""
    banding: float = Field(0.0, ge=0)
    """Standard deviation of the offset of each scan line, as a fraction of the intensity range."""
    streaks: float = Field(0.0, ge=0)
    """Standard deviation of amplifier noise that is correlated along the scan line, as a fraction of the range."""
    streak_length_px: float = Field(2.0, gt=0, le=32)
    """Distance along the line at which that correlation has fallen to 1/e."""
    charging: float = Field(0.0, ge=0)
    """Height of a smooth additive ramp across the frame, as a fraction of the range, and amplitude of the trails behind
    bright objects, as a fraction of their brightness above the mean."""


class LineDefects(Frozen):
    """Scan lines with little or no signal. Rows and columns are those of the whole frame."""

    rate: float = Field(0.03, gt=0, le=0.5)
    """Expected number of defects that begin at each row. A defect is a run of one or more rows."""
    rows: Annotated[tuple[Rows, Rows], AfterValidator(_ordered)] = (1, 4)
    """Smallest and largest number of rows of a defect; uniform in between."""
    partial: float = Field(0.5, ge=0, le=1)
    """Share of the dead and saturated defects that cover only a stretch of the line."""
    stretch: Annotated[tuple[Fraction, Fraction], AfterValidator(_ordered)] = (0.1, 0.9)
    """Shortest and longest stretch, as a fraction of the width of the frame."""
    dead: float = Field(1.0, ge=0)
    """Relative frequency of dead lines: black, a constant grey, or a repetition of the line before."""
    saturated: float = Field(1.0, ge=0)
    """Relative frequency of saturated (white) lines."""
    charged: float = Field(1.0, ge=0)
    """Relative frequency of charging streaks: an offset that begins somewhere on the line, adds to the signal and
    decays."""
    offset: Annotated[tuple[Fraction, Fraction], AfterValidator(_ordered)] = (0.1, 0.6)
    """Smallest and largest offset at the start of a streak, as a fraction of the intensity range; bright or dark."""
    decay_px: Annotated[tuple[Length, Length], AfterValidator(_ordered)] = (30.0, 300.0)
    """Shortest and longest distance along the line over which the offset falls to 1/e; log-uniform in between."""

    @model_validator(mode="after")
    def _has_a_kind(self) -> "LineDefects":
        if not self.dead + self.saturated + self.charged:
            raise ValueError("at least one of dead, saturated and charged must be above 0")
        return self


class GreyCurve(Frozen):
    """Random curves that replace the grey levels of each image, as if another contrast had been recorded."""

    knots: int = Field(5, ge=2, le=32)
    """Number of equally spaced grey levels whose new levels are drawn; in between, curves are straight."""
    monotone: float = Field(0.5, ge=0, le=1)
    """Share of the curves that only rise or, as often, only fall. The others go up and down."""
    gain: float = Field(1.0, ge=1, le=64)
    """Largest gain around mid-grey, log-uniform from 1 for each curve. Levels beyond black and white are saturated, so
    that structures become flat."""
    shading: float = Field(0.0, ge=0, le=1)
    """Largest weight of a second curve, which is mixed in here more and there less, as thickness, tilt and edges shade
    what the other contrast shows as one grey level."""
    shading_px: Annotated[tuple[Length, Length], AfterValidator(_ordered)] = (8.0, 64.0)
    """Finest and coarsest length over which the weight changes; log-uniform for each image."""


def _unless_idle(scan: Scan | None) -> Scan | None:
    """Replace a scan that distorts nothing by None, so that untouched images do not count as degraded."""
    return scan if scan and scan != Scan(streak_length_px=scan.streak_length_px) else None


class Degradation(Frozen):
    """The forward model: another contrast, blur, down-sampling by `scale`, scan distortion and noise, each optional."""

    downsampling: Downsampling = "bicubic_aa"
    scale: int = Field(4, ge=1, le=16)
    dose_e_per_px: Dose | Annotated[tuple[Dose, Dose], AfterValidator(_ordered)] | None = None
    """Mean number of electrons per pixel at intensity 1. For a pair, the dose of each patch is log-uniform in between.
    None: no shot noise."""
    read_noise: float = Field(0.0, ge=0, le=1)
    """Standard deviation of additive Gaussian noise, as a fraction of the intensity range."""
    blur: Blur | None = None
    scan: Annotated[Scan | None, AfterValidator(_unless_idle)] = None
    background: Annotated[tuple[Share, Share], AfterValidator(_ordered)] | None = Field(
        None, exclude_if=lambda background: background is None
    )
    """Smallest and largest part of the electrons at white that also arrive at black, uniform in between; the offset of
    the detector subtracts their mean, but not their noise. None: none."""
    absent: float | None = Field(None, ge=0, le=1, exclude_if=lambda absent: absent is None)
    """For one network that suits many instruments: each of read noise, jitter, banding and streaks is absent from this
    share of the images and otherwise has a strength uniform between 0 and the one given; the length of the streaks is
    log-uniform from half a pixel up to the one given. None: all images have what is given."""
    lines: LineDefects | None = Field(None, exclude_if=lambda lines: lines is None)
    """Line defects, for inpainting recipes only. A dump omits the field if it is None, so that older dumps and digests
    stay equal."""
    grey_curve: GreyCurve | None = Field(None, exclude_if=lambda curve: curve is None)
    """Another contrast of the same structures, for translation that is learned from images of the target contrast
    alone. Omitted from dumps as well."""

    @model_validator(mode="after")
    def _charges_what_it_draws(self) -> "Degradation":
        if self.grey_curve and self.scan and self.scan.charging:
            # Trails follow what is brighter than the mean of the frame, which is known only before the grey curve.
            raise ValueError("charging needs grey levels as they were recorded; leave out grey_curve or scan.charging")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether images pass unchanged."""
        return self.scale == 1 and self._keeps_pixels

    @property
    def only_reduces(self) -> bool:
        """Whether inputs are reduced and degraded in no other way, so that outputs can be made to agree with them."""
        return self.scale > 1 and self._keeps_pixels

    @property
    def _keeps_pixels(self) -> bool:
        """Whether, except for down-sampling, images pass unchanged."""
        return self.blur is None and self.lines is None and self.grey_curve is None and not self.is_noisy

    @property
    def is_noisy(self) -> bool:
        """Whether two passes of the same image differ in their noise."""
        return self.dose_e_per_px is not None or self.read_noise > 0 or self.scan is not None
