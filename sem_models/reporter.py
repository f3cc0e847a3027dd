"""What a training run tells the outside; `pipelines.tracking` writes it to MLflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

CheckpointKind = Literal["last", "best", "stage"]


class Reporter(Protocol):
    """Receives what happened. No method may block for long or raise because a store is away."""

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Scalars of one step, such as `train/l1`, `val/psnr_db`, `lr`, `speed/steps_per_s`."""

    def sample(self, step: int, name: str, panels: Mapping[str, NDArray[np.float32]]) -> None:
        """One validation image: panels, each (H, W) or, in colours, (H, W, 3) in [0, 1] nominal.

        `input` and `output`; where there is a truth, `baseline` and `target` too. What is drawn from noise alone has no
        input: beside it stands a `real` image that it should look like.
        """

    def checkpoint(self, step: int, folder: Path, kind: CheckpointKind) -> None:
        """A complete checkpoint folder has been written and may be copied; it stays valid until the next call."""

    def warning(self, step: int, topic: str, text: str) -> None:
        """Something looks wrong with the training, in one line with advice; it goes on. One text a topic counts."""

    def progress(self, step: int, total: int, seconds_left: float) -> None:
        """How far the run is; called at most about once a second."""
