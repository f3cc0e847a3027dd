"""Another process of a training on several devices: `python -m pipelines.train.companion RUN_ID new|resume`."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.train.companions import say_ready
from sem_models.reporter import CheckpointKind


def follow(run_id: str, *, resume: bool, started_by_us: bool) -> None:
    """Train a run together with its first process, which alone reports, writes and decides when to stop."""
    # Ctrl-C in a terminal reaches all processes; the first one lets all of them save and end together.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from pipelines.train.run import opened
    from sem_models.training.devices import leave

    with opened(run_id, resume=resume) as training:
        if started_by_us:
            say_ready()
        training(Silent())
        leave()


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


if __name__ == "__main__":
    follow(sys.argv[1], resume=sys.argv[2] == "resume", started_by_us=True)
