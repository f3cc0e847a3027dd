"""The interface to which a training run reports; `pipelines.tracking` writes the reports to MLflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

CheckpointKind = Literal["last", "best", "stage"]


class Reporter(Protocol):
    """Receives reports from a training run. No method may block for long, or raise when a store is unavailable."""

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Record the scalars of one step, for example `train/l1`, `val/psnr_db`, `lr`, `speed/steps_per_s`."""

    def sample(self, step: int, name: str, panels: Mapping[str, NDArray[np.float32]]) -> None:
        """Record one validation image as named panels, each (H, W) or, in colour, (H, W, 3), nominally in [0, 1].

        The panels are `input` and `output` and, if there is a reference, `baseline` and `target`. An image drawn from
        noise alone has no input; a `real` image, which it should resemble, takes its place.
        """

    def checkpoint(self, step: int, folder: Path, kind: CheckpointKind) -> None:
        """Accept a complete checkpoint folder, which may be copied and stays valid until the next call."""

    def warning(self, step: int, topic: str, text: str) -> None:
        """Record a one-line warning with advice; training continues. A later text on the same topic replaces it."""

    def progress(self, step: int, total: int, seconds_left: float) -> None:
        """Report how far the run has got. Called about once a second at most."""


class Silent:
    """A reporter that passes nothing on."""

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Ignore scalars."""

    def sample(self, step: int, name: str, panels: Mapping[str, NDArray[np.float32]]) -> None:
        """Ignore a picture."""

    def checkpoint(self, step: int, folder: Path, kind: CheckpointKind) -> None:
        """Ignore a checkpoint."""

    def warning(self, step: int, topic: str, text: str) -> None:
        """Ignore a warning."""

    def progress(self, step: int, total: int, seconds_left: float) -> None:
        """Ignore progress."""
