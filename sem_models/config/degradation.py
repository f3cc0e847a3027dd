"""Which forward model makes the network's input from a sharp micrograph; its settings are logged with every run."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from sem_models.config.frozen import Frozen

Downsampling = Literal["bicubic_aa", "cubic_aliased", "gaussian_area"]


DOWNSAMPLINGS: tuple[Downsampling, ...] = get_args(Downsampling)

BlurKernel = Literal["gaussian", "disc", "astigmatic"]
BLUR_KERNELS: tuple[BlurKernel, ...] = get_args(BlurKernel)


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("the first of the two numbers must not exceed the second")
    return ends


Size = Annotated[float, Field(ge=0, le=32)]
Dose = Annotated[float, Field(gt=0)]
Rows = Annotated[int, Field(ge=1, le=64)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Length = Annotated[float, Field(gt=0)]


class Blur(Frozen):
    """Defocus, before any noise."""

    kernel: BlurKernel = "gaussian"
    size_px: Annotated[tuple[Size, Size], AfterValidator(_ordered)] = (2.0, 2.0)
    """Least and largest sigma (`gaussian`, `astigmatic`: of the shorter axis) or radius (`disc`) in px; equal ends: a
    known blur, else uniform in between, drawn for each patch."""
    ratio: float = Field(2.5, ge=1, le=10)
    """Astigmatic: the longer axis over the shorter at most; uniform from 1, at any angle."""
    region: Literal["whole", "partial"] = "whole"
    """Partial: only where a soft random mask (half plane, ellipse, tilt) says so."""
    sharp_share: float = Field(0.2, ge=0, le=1)
    """Partial: the share of images that are sharp all over."""


class Scan(Frozen):
    """What a scanned beam does to an image; each part is 0 where it is absent."""

    jitter_px: float = Field(0.0, ge=0)
    """Standard deviation of the shift of a scan line along the line."""
    drift_px: float = Field(0.0, ge=0)
    """Displacement of the last line against the first, growing smoothly with the line; in any direction."""
    banding: float = Field(0.0, ge=0)
    """Standard deviation of an offset of each scan line, as a fraction of the intensity range."""
    streaks: float = Field(0.0, ge=0)
    """Standard deviation of amplifier noise that is correlated along the scan line, as a fraction of the range."""
    streak_length_px: float = Field(2.0, gt=0, le=32)
    """Distance along the line at which that correlation has fallen to 1/e."""
    charging: float = Field(0.0, ge=0)
    """Height of a smooth additive ramp over the frame, as a fraction of the range, and size of the trails behind bright
    objects, as a fraction of their brightness above the mean."""


class LineDefects(Frozen):
    """Scan lines of a frame that carry no signal, or hardly any. Rows and columns are those of the whole frame."""

    rate: float = Field(0.03, gt=0, le=0.5)
    """Expected number of defects that begin at a row; a defect is a run of one or several rows."""
    rows: Annotated[tuple[Rows, Rows], AfterValidator(_ordered)] = (1, 4)
    """Fewest and most rows of a defect, uniform in between."""
    partial: float = Field(0.5, ge=0, le=1)
    """Share of the dead and saturated defects that are a stretch of the line and not the whole line."""
    stretch: Annotated[tuple[Fraction, Fraction], AfterValidator(_ordered)] = (0.1, 0.9)
    """Shortest and longest such stretch, as a fraction of the width of the frame."""
    dead: float = Field(1.0, ge=0)
    """How often defects are dead (black, one grey, or the line before repeated), against the other kinds."""
    saturated: float = Field(1.0, ge=0)
    """How often they are white."""
    charged: float = Field(1.0, ge=0)
    """How often they are streaks: the signal with an offset that begins somewhere on the line and decays."""
    offset: Annotated[tuple[Fraction, Fraction], AfterValidator(_ordered)] = (0.1, 0.6)
    """Least and largest offset where a streak begins, as a fraction of the intensity range; bright or dark."""
    decay_px: Annotated[tuple[Length, Length], AfterValidator(_ordered)] = (30.0, 300.0)
    """Shortest and longest distance along the line after which 1/e of the offset is left; log-uniform in between."""

    @model_validator(mode="after")
    def _has_a_kind(self) -> "LineDefects":
        if not self.dead + self.saturated + self.charged:
            raise ValueError("one of dead, saturated and charged must be above 0")
        return self


def _unless_idle(scan: Scan | None) -> Scan | None:
    """A scan that distorts nothing is none: images would else pass for degraded that were not touched."""
    return scan if scan and scan != Scan(streak_length_px=scan.streak_length_px) else None


class Degradation(Frozen):
    """Blur, down-sampling by `scale`, scan distortion and Poisson-Gaussian noise, each where it is asked for."""

    downsampling: Downsampling = "bicubic_aa"
    scale: int = Field(4, ge=1, le=16)
    dose_e_per_px: Dose | Annotated[tuple[Dose, Dose], AfterValidator(_ordered)] | None = None
    """Mean electrons per pixel at full intensity; a pair: log-uniform in between, drawn for each patch; None: none."""
    read_noise: float = Field(0.0, ge=0, le=1)
    """Standard deviation of additive Gaussian noise, as a fraction of the intensity range."""
    blur: Blur | None = None
    scan: Annotated[Scan | None, AfterValidator(_unless_idle)] = None
    lines: LineDefects | None = Field(None, exclude_if=lambda lines: lines is None)
    """What recipes of inpainting mend; left out of a dump where absent, so that older dumps and digests stay equal."""

    @property
    def is_empty(self) -> bool:
        """Whether images pass as they are."""
        return self.scale == 1 and self.blur is None and self.lines is None and not self.is_noisy

    @property
    def is_noisy(self) -> bool:
        """Whether two passes of one image differ by noise of their own."""
        return self.dose_e_per_px is not None or self.read_noise > 0 or self.scan is not None
