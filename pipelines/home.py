"""Where datasets and runs live: `SEM_HOME`, or the current folder."""

import contextlib
import json
import os
import tempfile
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from sem_models.errors import UserError
from sem_models.names import one_folder

_PORTABLE = "$SEM_HOME"


@dataclass(frozen=True)
class Home:
    """The folders of one workbench."""

    root: Path

    @property
    def datasets(self) -> Path:
        """Datasets, one folder each."""
        return self.root / "datasets"

    def dataset(self, name: str) -> Path:
        """Return the folder of a dataset that may exist or not, by its name as it is written or in NFKC.

        New names are stored in NFKC. Whoever opens a dataset, and whoever asks whose it is, has to find the same one.

        Raises:
            ValueError: The name would lead out of the folder of all datasets.
        """
        written = self.datasets / one_folder(name)
        if not (written / "manifest.json").is_file():
            with contextlib.suppress(ValueError):  # some signs become a slash
                return self.datasets / one_folder(unicodedata.normalize("NFKC", name))
        return written

    @property
    def mlruns(self) -> Path:
        """Everything that belongs to runs."""
        return self.root / "mlruns"

    @property
    def database(self) -> Path:
        """The SQLite file of the embedded tracking store."""
        return self.mlruns / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """Files of runs and registered models."""
        return self.mlruns / "artifacts"

    @property
    def jobs(self) -> Path:
        """Queue, slots, logs and states of long work."""
        return self.mlruns / "jobs"

    @property
    def work(self) -> Path:
        """Checkpoints of running trainings, one folder per run."""
        return self.mlruns / "work"

    @property
    def logs(self) -> Path:
        """Output of the processes of trainings, one file per run."""
        return self.jobs / "logs"

    @property
    def running(self) -> Path:
        """One file for each training, which its process locks."""
        return self.jobs / "running"

    @property
    def tasks(self) -> Path:
        """Background work other than training, one folder per task; `TaskFile` names its files."""
        return self.jobs / "tasks"

    @property
    def seen(self) -> Path:
        """An empty file for each training or task whose end was looked at; a lab has a folder for each person."""
        return self.jobs / "seen"

    @property
    def signed_out(self) -> Path:
        """One empty file for each sign-in that somebody has ended before its time."""
        return self.jobs / "signed-out"

    @property
    def baseline_rows(self) -> Path:
        """Scores of baselines, kept so that they need not be computed again."""
        return self.work / "floors"

    @property
    def pyramids(self) -> Path:
        """Images prepared for the viewer. They can be deleted at any time: they are computed again when needed."""
        return self.root / "cache" / "pyramids"

    @property
    def exports(self) -> Path:
        """Models that the dashboard has written for other programs, to be downloaded."""
        return self.root / "exports"

    @property
    def gallery(self) -> Path:
        """Test images through each compared method. They can be deleted at any time, like pyramids."""
        return self.root / "cache" / "gallery"

    @property
    def plans(self) -> Path:
        """What preparations found in raw files. It can be deleted at any time: the files are then read again."""
        return self.root / "cache" / "plans"

    @property
    def uploads(self) -> Path:
        """Files that people sent from their browsers."""
        return self.root / "uploads"

    @property
    def results(self) -> Path:
        """Outputs of models that were applied from the dashboard."""
        return self.root / "results"

    @property
    def audit(self) -> Path:
        """The log of who did what; backups of the store contain it."""
        return self.mlruns / "audit.jsonl"

    def to_portable(self, text: str) -> str:
        """Return JSON in which paths below the root are written as `$SEM_HOME/...`, so that the folder can be moved."""
        return text.replace(json.dumps(f"{self.root}/")[:-1], f'"{_PORTABLE}/')

    def from_portable(self, text: str) -> str:
        """Return JSON in which `$SEM_HOME/...` is the path below this root."""
        return text.replace(f'"{_PORTABLE}/', json.dumps(f"{self.root}/")[:-1])


class TaskFile:
    """Files in the folder of a task, which several processes write and read."""

    REQUEST: Final = "task.json"
    PROCESS: Final = "process.json"
    PROGRESS: Final = "progress.json"
    OUTCOME: Final = "outcome.json"
    """Result or error of the process that carried out the request."""
    ENDED: Final = "ended.json"
    """The outcome with the exit status, once the process has ended."""
    LOG: Final = "log.txt"
    RUNS: Final = "runs.txt"
    """Ids of the trainings that are a part of the task, one a line."""


TASK_FOLDER: Final = "SEM_TASK_DIR"
"""Environment variable that tells a process which task it belongs to."""


def writable_home() -> Home:
    """Return the workbench of this process, whose folder exists and can be written.

    Raises:
        UserError: It cannot be made or written.
    """
    place = home()
    _require_writable(place.root)
    return place


@lru_cache(maxsize=16)
def _require_writable(root: Path) -> None:
    """Make the folder, and a file without a name in it; what succeeded once is not tried again."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=root).close()
    except OSError as error:
        raise UserError(
            f"Datasets and runs cannot be stored in {root}: {error.strerror or error}. Name another folder in the "
            "environment variable SEM_HOME, or change the permissions of this one."
        ) from error


def home() -> Home:
    """Return the workbench of this process."""
    return Home(Path(os.environ.get("SEM_HOME") or Path.cwd()).resolve())
