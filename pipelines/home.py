"""Where datasets and runs live: `SEM_HOME`, or the current folder."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

_PORTABLE = "$SEM_HOME"


@dataclass(frozen=True)
class Home:
    """The folders of one workbench."""

    root: Path

    @property
    def datasets(self) -> Path:
        """One folder a dataset."""
        return self.root / "datasets"

    @property
    def mlruns(self) -> Path:
        """Everything about runs."""
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
        """Checkpoints of running trainings, one folder a run."""
        return self.mlruns / "work"

    def to_portable(self, text: str) -> str:
        """JSON in which paths below the root are written as `$SEM_HOME/...`, so that the folder can be moved."""
        return text.replace(json.dumps(f"{self.root}/")[:-1], f'"{_PORTABLE}/')

    def from_portable(self, text: str) -> str:
        """JSON in which `$SEM_HOME/...` is the path below this root."""
        return text.replace(f'"{_PORTABLE}/', json.dumps(f"{self.root}/")[:-1])


def home() -> Home:
    """The workbench of this process."""
    return Home(Path(os.environ.get("SEM_HOME") or Path.cwd()).resolve())
