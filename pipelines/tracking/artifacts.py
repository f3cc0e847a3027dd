"""Files of runs: recipes, manifests, samples, checkpoints and tables."""

import contextlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowException

from pipelines.tracking.address import is_embedded
from pipelines.tracking.keys import Artifact
from pipelines.tracking.store import artifacts_of
from sem_models.errors import UserError


def put_text(run_id: str, path: str, text: str) -> None:
    """Store `text` as the file `path` of a run."""
    folder, _, name = path.rpartition("/")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / name
        file.write_text(text, encoding="utf-8")
        artifacts_of(run_id).log_artifact(str(file), folder or None)


def put_json(run_id: str, path: str, content: Any) -> None:
    """Store JSON as a file of a run."""
    put_text(run_id, path, json.dumps(content, indent=1) + "\n")


def put_files(run_id: str, path: str, files: Iterable[Path]) -> None:
    """Store local files in the folder `path` of a run."""
    stored = artifacts_of(run_id)
    for file in files:
        stored.log_artifact(str(file), path)


def fetch(run_id: str, path: str, into: Path | None = None) -> Path:
    """Return a local copy of a file or folder of a run (the stored one itself if the store is on this machine).

    Raises:
        UserError: The run has no such file.
    """
    try:
        return Path(artifacts_of(run_id).download_artifacts(path, str(into) if into else None))
    except (MlflowException, OSError) as error:
        raise UserError(f"Run {run_id} holds no {path!r}; it may not have got that far.") from error


@contextlib.contextmanager
def fetched(run_id: str, folder: str, names: Iterable[str]) -> Iterator[Path]:
    """Provide a folder with copies of these files of an artifact folder; it is removed when the block ends.

    Raises:
        UserError: The run has no such file.
    """
    with tempfile.TemporaryDirectory() as place:
        local = Path(place) / "files"
        local.mkdir()
        for name in names:
            # Stores differ in where below `place` they put a single file.
            fetch(run_id, f"{folder}/{name}", Path(place)).rename(local / name)
        yield local


def get_text(run_id: str, path: str) -> str:
    """Read the text of a stored file; raise `UserError` where there is none."""
    if is_embedded():
        return fetch(run_id, path).read_text()
    with tempfile.TemporaryDirectory() as folder:
        return fetch(run_id, path, Path(folder)).read_text()


def list_files(run_id: str, path: str = "") -> list[str]:
    """List files and folders below `path`, one level deep; empty where there is nothing."""
    try:
        return [item.path for item in artifacts_of(run_id).list_artifacts(path or None)]
    except (MlflowException, OSError):
        return []


@dataclass(frozen=True)
class Samples:
    """Which validation samples a run has stored."""

    names: tuple[str, ...]
    steps: tuple[int, ...]
    panels: frozenset[str]
    """Panels of each sample; without a truth only `input` and `output`."""

    def path(self, name: str, panel: str, step: int) -> str:
        """Return the path of one panel; only `output` depends on the step."""
        folder = Artifact.sample(step, name) if panel == "output" else f"{Artifact.FIXED_SAMPLES}/{name}"
        return f"{folder}/{panel}.png"


def samples(run_id: str) -> Samples:
    """List the validation samples of a run, names and steps in order."""
    by_kind: dict[bool, list[str]] = defaultdict(list)
    for path in list_files(run_id, Artifact.SAMPLES):
        name = path.rsplit("/", 1)[-1]
        by_kind[name.isdigit()].append(name)
    names = [path.rsplit("/", 1)[-1] for path in list_files(run_id, Artifact.FIXED_SAMPLES)]
    fixed = list_files(run_id, f"{Artifact.FIXED_SAMPLES}/{names[0]}") if names else []
    panels = frozenset(path.rsplit("/", 1)[-1].removesuffix(".png") for path in fixed) | {"output"}
    return Samples(tuple(sorted(names)), tuple(sorted(int(name) for name in by_kind[True])), panels)
