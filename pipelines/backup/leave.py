"""Use case: write everything that the workbench holds in open formats, for a life without it."""

import csv
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.backup.checksums import checksum_list
from pipelines.backup.open_formats import open_file
from pipelines.backup.requests import LeaveRequest
from pipelines.home import home
from pipelines.tracking.address import is_embedded
from pipelines.tracking.artifacts import fetch, list_files
from pipelines.tracking.keys import Tag
from pipelines.tracking.whole_store import MetricRow, RunRecord, metric_rows, run_records, version_records
from sem_models.errors import UserError
from sem_models.images.io.read import file_sha256
from sem_models.images.provenance import SOFTWARE
from sem_models.progress import Progress, silent
from sem_models.spreadsheets import as_cell

ABOUT, SUMS = "about.json", "SHA256SUMS"
RUN, METRICS, FILES, VERSIONS = "run.json", "metrics.csv", "files", "models.json"
_README = """# Everything from a SEM Workbench

- `runs.csv`: all runs with the last value of each metric.
- `runs/RUN_ID/run.json`, `metrics.csv`: parameters, tags, and all values of all metrics.
- `runs/RUN_ID/files/`: files of the run. Weights are safetensors; `*.pt.safetensors` with `*.pt.json` is what resumes a
  training.
- `models.json`: registered models, and in which folder of which run they lie.
- `datasets/NAME/`: `manifest.json` and one TIFF file for each image. Masks hold class indices.
- `SHA256SUMS`: checksums; `sha256sum -c SHA256SUMS` compares them.

`sem-workbench read-back FOLDER` makes a store of it again.
"""


@dataclass(frozen=True)
class Left:
    """What was written."""

    folder: Path
    runs: int
    models: int
    datasets: tuple[str, ...]


def leave(request: LeaveRequest, progress: Progress = silent) -> Left:
    """Write runs, registered models and datasets to a new folder as TIFF, safetensors, CSV, JSON and PNG.

    Raises:
        UserError: The folder exists already.
    """
    out = request.out.absolute()
    if out.exists():
        raise UserError(f"{out} exists already; choose another name.")
    part = out.with_name(f".{out.name}.part")
    if part.exists():
        raise UserError(f"{part} is there from an attempt that was interrupted; delete it.")
    part.mkdir(parents=True)
    datasets = tuple(sorted(path.parent.name for path in home().datasets.glob("*/manifest.json")))
    records = list(run_records())
    for index, record in enumerate(records):
        _write_run(record, part / "runs" / record.run_id)
        progress(index + 1, len(records) + len(datasets), "runs and datasets")
    for index, name in enumerate(datasets):
        _write_folder(home().datasets / name, part / "datasets" / name)
        progress(len(records) + index + 1, len(records) + len(datasets), "runs and datasets")
    versions = version_records()
    _write_json(part / VERSIONS, [version.model_dump() for version in versions])
    _write_table(part / "runs.csv", records)
    (part / "README.md").write_text(_README)
    written = datetime.now(UTC).isoformat(timespec="seconds")
    _write_json(part / ABOUT, {"format": 1, "software": SOFTWARE, "written": written, "home": str(home().root)})
    _write_sums(part)
    part.rename(out)
    return Left(out, len(records), len(versions), datasets)


def sums(folder: Path) -> dict[str, str]:
    """Return the checksum of each file below a folder by its path, but for the list of checksums itself."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / SUMS]
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}


def _write_run(record: RunRecord, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / RUN).write_text(record.model_dump_json(indent=1) + "\n")
    with (folder / METRICS).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(MetricRow._fields)
        table.writerows(
            (as_cell(row.metric), row.step, row.timestamp_ms, repr(row.value)) for row in metric_rows(record)
        )
    with tempfile.TemporaryDirectory() as place:
        # Of a store on this machine these are the stored files themselves, otherwise copies in `place`.
        for name in list_files(record.run_id):
            found = fetch(record.run_id, name, None if is_embedded() else Path(place))
            if found.is_dir():
                _write_folder(found, folder / FILES / name)
            else:
                open_file(found, folder / FILES / name)


def _write_folder(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.name.endswith(".part"):
            open_file(path, target / path.relative_to(source))


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def _write_table(path: Path, records: list[RunRecord]) -> None:
    metrics = sorted({name for record in records for name in record.metrics})
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["run_id", "name", "experiment", "kind", "recipe", "dataset", "status", *map(as_cell, metrics)])
        for record in records:
            tags = (record.tags.get(tag, "") for tag in (Tag.KIND, Tag.RECIPE, Tag.DATASET))
            values = (record.metrics.get(name, "") for name in metrics)
            kind, recipe, dataset = tags
            about = (record.run_id, record.name, record.experiment, kind, recipe, dataset, record.status)
            table.writerow([*map(as_cell, about), *values])


def _write_sums(folder: Path) -> None:
    (folder / SUMS).write_bytes(checksum_list(sums(folder)))
