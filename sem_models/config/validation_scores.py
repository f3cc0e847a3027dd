"""The scores that validation computes: which one ranks checkpoints, and how it is labelled."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ranking:
    """The score by which the checkpoints of one run are ranked."""

    score: str
    """Name of the score among those of a validation, for example `val/psnr_db`."""
    higher_is_better: bool = True

    def quality(self, scores: Mapping[str, float]) -> float:
        """Return the score with its sign chosen so that higher is better; -inf if it is not finite."""
        value = scores[self.score] if self.higher_is_better else -scores[self.score]
        return value if math.isfinite(value) else float("-inf")


@dataclass(frozen=True)
class ValidationScore:
    """The main score of a validation. Its curve is named `val/NAME`, that of its baseline `val/floor_NAME`."""

    name: str
    title: str
    """Title of the plot."""
    detail: str
    """Text after the title, in plain type."""
    axis: str
    """Axis label: quantity and unit."""
    ranking: Ranking | None
    """None: the score does not measure quality, so the newest checkpoint is kept as the best."""
    column: str | None = None
    """Heading in a table of runs; None: not listed there."""
    has_baseline_column: bool = False
    note: str = ""
    """How to read the plot."""
    has_reference: bool = True
    """Whether the dataset of the run contains a reference that an output can be scored against."""

    @property
    def metric(self) -> str:
        """Name of the curve."""
        return f"val/{self.name}"

    @property
    def baseline_metric(self) -> str:
        """Name of the curve of the baseline."""
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
    # The squared error, because its estimate can be zero or negative, where no PSNR exists.
    Ranking("val/two_frame_mse", higher_is_better=False),
)
BLIND_ERROR = ValidationScore(
    "blind_mse",
    "Validation error on hidden pixels",
    ", including their noise",
    "squared error",
    Ranking("val/blind_mse", higher_is_better=False),
    has_reference=False,
)
NOISE_ERROR = ValidationScore(
    "noise_mse",
    "Validation error of the predicted noise",
    " on unseen images",
    "squared error",
    Ranking("val/noise_mse", higher_is_better=False),
    column="val noise error",
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
    note="Unpaired images have no PSNR. 1: the input is unchanged; below 0: light and dark are exchanged.",
    has_reference=False,
)
