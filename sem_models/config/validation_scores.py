"""Scores of a validation: which one tells the better of two checkpoints, and what people call it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ranking:
    """The score that tells the better of two checkpoints of one run."""

    score: str
    """Its name in the scores of a validation, for example `val/psnr_db`."""
    higher_is_better: bool = True

    def quality(self, scores: Mapping[str, float]) -> float:
        """More is better; what is not finite counts as worst."""
        value = scores[self.score] if self.higher_is_better else -scores[self.score]
        return value if math.isfinite(value) else float("-inf")


@dataclass(frozen=True)
class ValidationScore:
    """What says most about a model between steps: its curve is `val/NAME`, that of its baseline `val/floor_NAME`."""

    name: str
    title: str
    """Above its curve."""
    detail: str
    """Behind the title, in plain type."""
    axis: str
    """Quantity and unit."""
    ranking: Ranking | None
    """None: it does not measure quality, so that the newest checkpoint is kept as the best."""
    column: str | None = None
    """Heading in a table of runs; None: not listed there."""
    has_baseline_column: bool = False
    note: str = ""
    """How to read it."""
    has_reference: bool = True
    """Whether the dataset of the run has something that an output can be scored against."""

    @property
    def metric(self) -> str:
        """Name of its curve."""
        return f"val/{self.name}"

    @property
    def baseline_metric(self) -> str:
        """Name of the curve of its baseline."""
        return f"val/floor_{self.name}"


PSNR = ValidationScore(
    "psnr_db",
    "Validation PSNR",
    " on whole images",
    "PSNR (dB)",
    Ranking("val/psnr_db"),
    column="val PSNR (dB)",
    has_baseline_column=True,
)
TWO_FRAME_PSNR = ValidationScore(
    "two_frame_psnr_db",
    "Validation PSNR",
    ", estimated from two noisy frames",
    "PSNR (dB)",
    # The error itself: where its estimate is not above zero, there is no PSNR.
    Ranking("val/two_frame_mse", higher_is_better=False),
)
BLIND_ERROR = ValidationScore(
    "blind_mse",
    "Validation error on hidden pixels",
    ", their noise included",
    "squared error",
    Ranking("val/blind_mse", higher_is_better=False),
    has_reference=False,
)
NOISE_ERROR = ValidationScore(
    "noise_mse",
    "Validation error of the noise",
    " that the network finds in unseen images",
    "squared error",
    Ranking("val/noise_mse", higher_is_better=False),
    column="val error of the noise",
)
DICE = ValidationScore(
    "dice",
    "Validation Dice",
    ", mean over classes",
    "Dice",
    Ranking("val/dice"),
    column="val Dice",
    has_baseline_column=True,
)
INPUT_CORRELATION = ValidationScore(
    "input_correlation",
    "Correlation of validation outputs with their inputs",
    "",
    "correlation",
    None,
    note="Unpaired images have no PSNR. 1: nothing was changed; below 0: light and dark are exchanged.",
    has_reference=False,
)
