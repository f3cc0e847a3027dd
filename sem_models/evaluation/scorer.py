"""All scores of one output, and why some are missing."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sem_models.config.degradation import Downsampling
from sem_models.config.intensity import IntensityLimits
from sem_models.evaluation.metrics.atoms import lattice_scores
from sem_models.evaluation.metrics.dists import dists
from sem_models.evaluation.metrics.down_consistency import down_consistency_db
from sem_models.evaluation.metrics.lpips import lpips_alex
from sem_models.evaluation.metrics.regions import blur_gain_db, response_auc, sharp_identity_db
from sem_models.evaluation.metrics.table import LABELS, METRICS, psnr_affine_db
from sem_models.evaluation.metrics.texture import TEXTURE_SCORES
from sem_models.features.weights import FeaturesUnavailable
from sem_models.images.intensity import UnitImage

Scores = dict[str, float | None]
DATA_RANGE = 1.0
"""Scores are computed in unit intensity: 1 is the span of the stored intensity range (255 grey levels of 8 bit)."""


@dataclass(frozen=True)
class Case:
    """One image of a split: what a method is given, what it should give, and what is known of the two."""

    input: UnitImage
    """(C, h, w) in unit intensity."""
    target: UnitImage
    """(C, h x scale, w x scale)."""
    scale: int
    downsampling: Downsampling | None
    """What made `input` of `target`; None where an instrument did."""
    pixel_size_nm: float | None
    """Of `target`."""
    blur: UnitImage | None = None
    """(1, h, w): 0 sharp to 1 blurred, where only a part of the input was blurred."""
    recorded: UnitImage | None = None
    """(C, h, w): what people are shown as the input, where methods are given something made of it."""
    is_pair: bool = False
    """Whether `input` and `target` are two recordings, whose grey levels may differ by gain and offset."""
    limits: IntensityLimits | None = None
    """What stands for 0 and 1 in `input` and `target`; None where each image of the dataset has limits of its own."""


class Scorer:
    """Called with an output and its case; remembers once why a column is missing."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._trained: dict[str, Callable[[UnitImage, UnitImage, float], float]] = {
            "lpips_alex": lpips_alex,
            "dists": dists,
        }

    def __call__(self, whole: UnitImage, case: Case) -> Scores:
        """Scores of (C, H, W) in unit intensity; a score that does not apply to the case has no key.

        Output and target lose `scale` pixels at each edge and what lies outside [0, 1]; down-consistency takes all.
        """
        output, target = (np.clip(_inner(image, case.scale), 0, DATA_RANGE) for image in (whole, case.target))
        pairwise = {name: metric.compute for name, metric in METRICS.items() if metric.compute}
        scores = {name: _or_none(compute(output, target, DATA_RANGE)) for name, compute in pairwise.items()}
        trained = {name: self._with_weights(name, output, target) for name in ("lpips_alex", "dists")}
        extra = {**_down_consistency(whole, case), **_by_region(output, target, case), **_lattice(output, target)}
        given = {**_resolution_nm(scores, case), **_affine(whole, case)}
        return {**scores, **given, **trained, **extra, **_texture(output, target, case)}

    def _with_weights(self, name: str, output: UnitImage, target: UnitImage) -> float | None:
        if name not in self._trained:
            return None
        try:
            return _or_none(self._trained[name](output, target, DATA_RANGE))
        except FeaturesUnavailable as error:
            self.notes.append(f"{LABELS[name]} was not computed: {error}.")
            del self._trained[name]
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
    """A sharp and a blurred region are there only where the blur was partial, which keeps the size of the image."""
    if case.blur is None:
        return {}
    given, blur = np.clip(_inner(case.input, case.scale), 0, DATA_RANGE), _inner(case.blur, case.scale)
    return {
        "blur_gain_db": _or_none(blur_gain_db(given, output, target, blur, DATA_RANGE)),
        "sharp_identity_db": _or_none(sharp_identity_db(given, output, blur, DATA_RANGE)),
        "response_auc": _or_none(response_auc(given, output, blur)),
    }


def _lattice(output: UnitImage, target: UnitImage) -> Scores:
    return {name: _or_none(value) for name, value in lattice_scores(output, target, DATA_RANGE).items()}


def _texture(output: UnitImage, target: UnitImage, case: Case) -> Scores:
    """Only where an instrument or a person made the input: a simulated one determines its target."""
    if case.downsampling is not None:
        return {}
    return {name: _or_none(compute(output, target, DATA_RANGE)) for name, compute in TEXTURE_SCORES.items()}


def _inner(image: UnitImage, border: int) -> UnitImage:
    """(H, W) without the border; the mean over channels where there are several."""
    inner: UnitImage = image[:, border:-border, border:-border].mean(axis=0)
    return inner


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
