"""Computing all scores of one output, with notes on why some are missing."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sem_models.config.degradation import Downsampling
from sem_models.config.intensity import IntensityLimits
from sem_models.evaluation.metrics.atoms import ATOM_SCORES, lattice_scores
from sem_models.evaluation.metrics.columns import column_scores
from sem_models.evaluation.metrics.dists import dists
from sem_models.evaluation.metrics.down_consistency import down_consistency_db
from sem_models.evaluation.metrics.frequency import SMALLEST, TargetSpectrum
from sem_models.evaluation.metrics.lpips import TargetFeatures
from sem_models.evaluation.metrics.regions import blur_gain_db, response_auc, sharp_identity_db
from sem_models.evaluation.metrics.table import LABELS, METRICS, psnr_affine_db
from sem_models.evaluation.metrics.texture import TEXTURE_SCORES
from sem_models.features.weights import FeaturesUnavailable
from sem_models.images.intensity import UnitImage
from sem_models.physics.simulators.columns import Columns

DETECTED = (
    "Atoms are scored against those detected in the target, because its dataset has no simulated centres: columns that "
    "are too faint to be detected there do not count."
)
SIMULATED = "Columns are scored against simulated centres."
Scores = dict[str, float | None]
DATA_RANGE = 1.0
"""Scores are computed in unit intensity, where the stored intensity limits are 0 and 1 (0 and 255 in 8 bit)."""


@dataclass(frozen=True)
class Case:
    """One image of a split: the input of a method, the target of its output, and what is known about them."""

    input: UnitImage
    """(C, h, w) in unit intensity."""
    target: UnitImage
    """(C, h x scale, w x scale)."""
    scale: int
    downsampling: Downsampling | None
    """The operator that made `input` from `target`; None if the input was recorded."""
    pixel_size_nm: float | None
    """Pixel size of `target` in nm; None if unknown."""
    blur: UnitImage | None = None
    """(1, h, w) from 0, sharp, to 1, blurred, if only a part of the input was blurred."""
    recorded: UnitImage | None = None
    """(C, h, w) image that people are shown as the input, if methods get something computed from it."""
    is_pair: bool = False
    """Whether `input` and `target` are two recordings, whose grey levels may differ by gain and offset."""
    limits: IntensityLimits | None = None
    """What stands for 0 and 1 in `input` and `target`; None where each image of the dataset has limits of its own."""
    columns: Columns | None = None
    """The true columns of a simulated lattice, in the pixels and unit intensity of `target`; None if unknown."""
    dose_e_per_px: float | None = None
    """Dose of the input at unit intensity 1, if it is the same in all images and nothing else blurs or reduces them."""


class _Reference:
    """What the scores of all outputs for one case share, each computed once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.target = _scored_part(case.target, case.scale)

    def trained(self, name: str, output: UnitImage) -> float:
        """Return a score with trained weights."""
        return self._features.lpips(output) if name == "lpips_alex" else dists(output, self.target, DATA_RANGE)

    def pairwise(self, output: UnitImage) -> dict[str, float]:
        """Return the scores that need nothing but output and target."""
        spectral = self._spectrum.scores(output, DATA_RANGE) if min(self.target.shape) >= SMALLEST else {}
        alone = {name: metric.compute for name, metric in METRICS.items() if metric.compute and name not in spectral}
        return {**{name: compute(output, self.target, DATA_RANGE) for name, compute in alone.items()}, **spectral}

    @cached_property
    def _spectrum(self) -> TargetSpectrum:
        return TargetSpectrum(self.target)

    @cached_property
    def _features(self) -> TargetFeatures:
        return TargetFeatures(self.target, DATA_RANGE)


class Scorer:
    """Computes the scores of outputs and notes once why a column is missing."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._trained = ["lpips_alex", "dists"]
        self._reference: _Reference | None = None

    def __call__(self, whole: UnitImage, case: Case) -> Scores:
        """Score (C, H, W) in unit intensity; a score that does not apply to the case has no key.

        Output and target are cropped by `scale` pixels at each edge and clipped to [0, 1], except for down-consistency.
        """
        if self._reference is None or self._reference.case is not case:
            self._reference = _Reference(case)
        reference = self._reference
        output, target = _scored_part(whole, case.scale), reference.target
        scores = {name: _or_none(value) for name, value in reference.pairwise(output).items()}
        trained = {name: self._with_weights(name, output, reference) for name in ("lpips_alex", "dists")}
        lattice = self._lattice(whole, output, target, case)
        extra = {**_down_consistency(whole, case), **_by_region(output, target, case), **lattice}
        given = {**_resolution_nm(scores, case), **_affine(whole, case)}
        return {**scores, **given, **trained, **extra, **_texture(output, target, case)}

    def _lattice(self, whole: UnitImage, output: UnitImage, target: UnitImage, case: Case) -> Scores:
        """Score a lattice, against simulated centres where they are known, and say which truth was used."""
        scores = lattice_scores(output, target, DATA_RANGE)
        truth = DETECTED
        if case.columns is not None:
            truth = SIMULATED
            known, border = case.columns.cropped(case.scale), case.scale
            # Clipping would cut off one side of the noise and change intensities.
            full = _inner(whole, border), _inner(case.target, border)
            against = column_scores(*full, known, case.dose_e_per_px, case.pixel_size_nm)
            scores = {**{name: value for name, value in scores.items() if name not in ATOM_SCORES}, **against}
        if scores and truth not in self.notes:
            self.notes.append(truth)
        return {name: _or_none(value) for name, value in scores.items()}

    def _with_weights(self, name: str, output: UnitImage, reference: _Reference) -> float | None:
        if name not in self._trained:
            return None
        try:
            return _or_none(reference.trained(name, output))
        except FeaturesUnavailable as error:
            self.notes.append(f"{LABELS[name]} was not computed: {error}.")
            self._trained.remove(name)
            return None


def _resolution_nm(scores: Scores, case: Case) -> Scores:
    pixels = scores["frc_resolution_px"]
    if case.pixel_size_nm is None:
        return {}
    return {"frc_resolution_nm": None if pixels is None else pixels * case.pixel_size_nm}


def _affine(whole: UnitImage, case: Case) -> Scores:
    """Only of pairs: a simulated input has the grey levels of its target."""
    if not case.is_pair:
        return {}
    output, target = (_inner(image, case.scale) for image in (whole, case.target))
    return {"psnr_affine_db": _or_none(psnr_affine_db(output, target, DATA_RANGE))}


def _down_consistency(whole: UnitImage, case: Case) -> Scores:
    if case.scale == 1 or case.downsampling is None:
        return {}
    value = down_consistency_db(whole, case.input, case.scale, case.downsampling, DATA_RANGE)
    return {"down_consistency_db": _or_none(value)}


def _by_region(output: UnitImage, target: UnitImage, case: Case) -> Scores:
    """Score blurred and sharp regions, which exist only if the blur was partial; such a blur keeps the image size."""
    if case.blur is None:
        return {}
    given, blur = np.clip(_inner(case.input, case.scale), 0, DATA_RANGE), _inner(case.blur, case.scale)
    return {
        "blur_gain_db": _or_none(blur_gain_db(given, output, target, blur, DATA_RANGE)),
        "sharp_identity_db": _or_none(sharp_identity_db(given, output, blur, DATA_RANGE)),
        "response_auc": _or_none(response_auc(given, output, blur)),
    }


def _texture(output: UnitImage, target: UnitImage, case: Case) -> Scores:
    """Score the texture, except for simulated inputs, which determine their target."""
    if case.downsampling is not None:
        return {}
    return {name: _or_none(compute(output, target, DATA_RANGE)) for name, compute in TEXTURE_SCORES.items()}


def _scored_part(image: UnitImage, border: int) -> UnitImage:
    """Return what is scored of an output or a target: grey, without its border, from 0 to 1."""
    return np.clip(_inner(image, border), 0, DATA_RANGE)


def _inner(image: UnitImage, border: int) -> UnitImage:
    """Crop the border and average over channels, (H, W)."""
    inner: UnitImage = image[:, border:-border, border:-border].mean(axis=0)
    return inner


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
