"""Use case: make a store again of what `leave` wrote."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipelines.backup.checksums import read_checksums
from pipelines.backup.leave import ABOUT, FILES, METRICS, RUN, SUMS, VERSIONS, sums
from pipelines.backup.open_formats import close_file
from pipelines.backup.requests import ReadBackRequest
from pipelines.home import home, writable_home
from pipelines.tracking.address import is_embedded
from pipelines.tracking.whole_store import MetricRow, RunRecord, VersionRecord, add_run, add_versions, has_run
from sem_models.datasets.dataset import open_dataset
from sem_models.errors import UserError
from sem_models.images.io.read import file_sha256
from sem_models.inference.model_folder import CHECKPOINT, read_facts
from sem_models.progress import Progress, silent
from sem_models.spreadsheets import from_cell

_VERSIONS = TypeAdapter(tuple[VersionRecord, ...])


@dataclass(frozen=True)
class ReadBack:
    """What was added to the store."""

    runs: int
    models: int
    datasets: tuple[str, ...]
    present: int
    """Runs and datasets that were there already; they are left as they are."""


def read_back(request: ReadBackRequest, progress: Progress = silent) -> ReadBack:
    """Add runs, registered models and datasets to the store in SEM_HOME, under their own names and ids.

    Raises:
        UserError: The folder is damaged or something else, or the store is on a server, which gives ids of its own.
    """
    folder = request.folder.absolute()
    if not is_embedded():
        raise UserError("A tracking server gives runs ids of its own; unset MLFLOW_TRACKING_URI.")
    _require_sound(folder)
    writable_home()
    runs, datasets = sorted((folder / "runs").glob("*/")), sorted((folder / "datasets").glob("*/"))
    total, added, new, present = len(runs) + len(datasets), 0, [], 0
    for index, place in enumerate([*datasets, *runs]):
        if place.parent.name == "datasets" and _add_dataset(place):
            new.append(place.name)
        elif place.parent.name == "runs" and _add_run(place):
            added += 1
        else:
            present += 1
        progress(index + 1, total, "runs and datasets")
    versions = _VERSIONS.validate_json((folder / VERSIONS).read_bytes())
    add_versions(versions)
    return ReadBack(added, len(versions), tuple(new), present)


def _require_sound(folder: Path) -> None:
    if not (folder / ABOUT).is_file() or not (folder / SUMS).is_file():
        raise UserError(f"{folder} is not a folder of open formats that the workbench wrote; name one that is.")
    expected, found = read_checksums((folder / SUMS).read_bytes()), sums(folder)
    wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    if wrong:
        raise UserError(f"{folder}: {wrong[0]} is not what was written; use another copy.")


def _add_run(place: Path) -> bool:
    try:
        record = RunRecord.model_validate_json((place / RUN).read_bytes())
    except ValidationError as error:
        raise UserError(f"{place / RUN} cannot be read; use another copy.") from error
    if record.run_id != place.name or "/" in record.run_id:
        raise UserError(f"{place / RUN} is about another run; use another copy.")
    if has_run(record.run_id):
        return False
    # Files first: a run whose files are missing would count as there at the next attempt.
    target = home().artifacts / record.experiment / record.run_id / "artifacts"
    if not target.resolve().is_relative_to(home().artifacts.resolve()):
        raise UserError(f"{place / RUN}: its experiment would lead out of the store.")
    shutil.rmtree(target, ignore_errors=True)
    _add_folder(place / FILES, target)
    add_run(record, _rows(place / METRICS))
    return True


def _add_dataset(place: Path) -> bool:
    target = home().datasets / place.name
    if target.exists():
        return False
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    _add_folder(place, part)
    part.rename(target)
    open_dataset(target)
    return True


def _add_folder(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*")):
        if path.is_file():
            made = close_file(path, target / path.relative_to(source))
            if made and made.name != path.name:
                _renew_checksum(made)


def _renew_checksum(path: Path) -> None:
    """Tell a checkpoint the checksum of a file that was written anew, with equal content but other bytes."""
    facts = read_facts(path.parent)
    if facts and path.name in facts.sha256:
        renewed = facts.model_copy(update={"sha256": {**facts.sha256, path.name: file_sha256(path)}})
        (path.parent / CHECKPOINT).write_text(renewed.model_dump_json(indent=1) + "\n")


def _rows(path: Path) -> Iterator[MetricRow]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            yield MetricRow(from_cell(row["metric"]), int(row["step"]), int(row["timestamp_ms"]), float(row["value"]))
