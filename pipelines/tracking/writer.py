"""Tells MLflow what a training reports, from a thread of its own: a slow or absent store never holds a step up."""

import contextlib
import os
import re
import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.progress import ProgressHook
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.metric_outbox import MetricOutbox
from pipelines.tracking.metrics import stored_points
from pipelines.tracking.outbox import Outbox
from sem_models.errors import UserError
from sem_models.images.display import DisplayWindow, display_window, to_display
from sem_models.reporter import CheckpointKind

_FILES, _METRICS = "outbox", "outbox-metrics.jsonl"
_PERIOD_S = 1.5
_LONGEST_PAUSE_S = 30.0
_PATIENCE_AT_CLOSE_S = 600.0
_PATIENCE_AFTER_ERROR_S = 20.0


class RunWriter:
    """A `Reporter` that keeps metrics and files below `folder` and sends them in the background.

    What the store does not take stays there and is tried again, if need be by the process that resumes the run; `close`
    waits for the rest.
    """

    def __init__(
        self, run_id: str, folder: Path, on_progress: ProgressHook | None = None, resumed_at: int | None = None
    ) -> None:
        """Start sending for `run_id`; `folder` must be empty or the one of an interrupted run.

        Of a run that is `resumed_at` a step, what was told of later steps is not told again.
        """
        self._run_id = run_id
        self._outbox = Outbox(folder / _FILES)
        self._metrics = MetricOutbox(folder / _METRICS)
        if resumed_at is not None:
            first = self._metrics.first_step
            self._metrics.leave_out(stored_points(run_id, resumed_at if first is None else min(first - 1, resumed_at)))
        self._on_progress = on_progress
        self._fixed_sent: set[str] = set()
        self._closing = threading.Event()
        self._pause_s = _PERIOD_S
        self._last_error = ""
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Buffer scalars."""
        self._metrics.post_metrics(step, values)

    def sample(self, step: int, name: str, panels: Mapping[str, NDArray[np.float32]]) -> None:
        """Buffer 8-bit pictures of the panels, all in one display window: of the target where there is one.

        Colours are shown as they are: they are another contrast, or classes.
        """
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)
        greys = [panels[key] for key in ("target", "real", "input") if key in panels and panels[key].ndim == 2]
        colour = DisplayWindow(0.0, 1.0)
        window = display_window(greys) if greys else colour
        pictures = {panel: to_display(image, window if image.ndim == 2 else colour) for panel, image in panels.items()}
        fixed = {panel: picture for panel, picture in pictures.items() if panel != "output"}
        if slug not in self._fixed_sent:
            self._fixed_sent.add(slug)
            self._outbox.post(f"{Artifact.FIXED_SAMPLES}/{slug}", lambda folder: _save_pictures(folder, fixed))
        output = {"output": pictures["output"]}
        self._outbox.post(Artifact.sample(step, slug), lambda folder: _save_pictures(folder, output))

    def checkpoint(self, step: int, folder: Path, kind: CheckpointKind) -> None:  # noqa: ARG002
        """Buffer a checkpoint by hard links, so that it costs no time and outlives its replacement."""
        self._metrics.flush()
        self._outbox.post(Artifact.checkpoint(kind), lambda target: _link_all(folder, target))

    def warning(self, step: int, topic: str, text: str) -> None:
        """Buffer a warning; the newest of a topic counts."""
        self._metrics.post_tag(f"{Tag.WARNING}{topic}", f"Step {step}: {text}")

    def progress(self, step: int, total: int, seconds_left: float) -> None:
        """Pass on to the terminal or the job."""
        if self._on_progress:
            self._on_progress(step, total, seconds_left)

    def close(self, patience_s: float = _PATIENCE_AT_CLOSE_S) -> bool:
        """Send what is left, waiting for a store that is away up to `patience_s`; whether all of it was taken."""
        self._closing.set()
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stored = self.close(_PATIENCE_AT_CLOSE_S if error is None else _PATIENCE_AFTER_ERROR_S)
        # After an error that one must come out, not what the store has to say.
        if not stored and error is None:
            raise UserError(
                f"The tracking store did not answer for {_PATIENCE_AT_CLOSE_S / 60:.0f} minutes ({self._last_error}): "
                f"the last metrics of run {self._run_id} could not be stored. The checkpoint is kept; resume the run."
            )

    def _work(self) -> None:
        while True:
            closing = self._closing.wait(self._pause_s)
            try:
                self._metrics.send(self._run_id)
                self._outbox.send(self._run_id)
            except Exception as error:
                # Whatever the store or the network raised: keep everything and try again a little later.
                self._last_error = f"{type(error).__name__}: {error}"
                self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
                if closing:
                    time.sleep(min(self._pause_s, 5.0))
                continue
            self._pause_s = _PERIOD_S
            if closing:
                self._metrics.close()
                return


def has_unsent(folder: Path) -> bool:
    """Tell whether the folder of a run holds metrics or files that the store has not taken."""
    metrics, files = folder / _METRICS, folder / _FILES
    waiting = [letter for letter in files.iterdir() if not letter.name.startswith(".")] if files.is_dir() else []
    return bool(waiting) or (metrics.is_file() and metrics.stat().st_size > 0)


def _save_pictures(folder: Path, pictures: Mapping[str, NDArray[np.uint8]]) -> None:
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}.png")


def _link_all(source: Path, target: Path) -> None:
    for path in source.iterdir():
        try:
            os.link(path, target / path.name)
        except OSError:
            with contextlib.suppress(OSError):
                shutil.copy2(path, target / path.name)
