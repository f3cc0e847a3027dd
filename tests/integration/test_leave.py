"""Everything leaves a store in open formats, and an empty store becomes the same one again."""

import csv
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import tifffile
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.backup.leave import leave
from pipelines.backup.read_back import read_back
from pipelines.backup.requests import LeaveRequest, ReadBackRequest
from pipelines.home import home
from pipelines.model_ref import RegistryRef
from pipelines.models import resolve_model
from pipelines.tracking.artifacts import fetch, get_text
from pipelines.tracking.keys import Artifact
from pipelines.tracking.runs import list_runs
from pipelines.tracking.store import client
from pipelines.tracking.whole_store import RunRecord, VersionRecord, metric_rows, run_records, version_records
from sem_models.datasets.dataset import open_dataset
from sem_models.errors import UserError
from sem_models.training.checkpoint import load_state, sound_step
from tests.support.empty_store import add_empty_store
from tests.support.whole_store import STATE, write_whole_store


class Known:
    """A store, what it holds, and what left it."""

    def __init__(self, place: Path, dataset: Path) -> None:
        self.home, self.left = place / "home", place / "left"
        self.run_id = write_whole_store(self.home, dataset)
        with pytest.MonkeyPatch.context() as changed:
            changed.setenv("SEM_HOME", str(self.home))
            changed.delenv("MLFLOW_TRACKING_URI", raising=False)
            client().log_metric(self.run_id, "-2 hours", 1.0)
            self.digest = open_dataset(home().datasets / "small").digest
            self.content = content()
            self.made = leave(LeaveRequest(out=self.left))


def content() -> tuple[list[RunRecord], dict[str, list[tuple[object, ...]]], list[VersionRecord]]:
    """All that MLflow holds, but for addresses; NaN as text, because it is not equal to itself."""
    records = sorted(run_records(), key=lambda record: record.run_id)
    plain = [
        record.model_copy(update={"inputs": len(record.inputs), "metrics": repr(sorted(record.metrics.items()))})
        for record in records
    ]
    rows = {record.run_id: [(*row[:3], repr(row[3])) for row in metric_rows(record)] for record in records}
    return plain, rows, [version.model_copy(update={"source": ""}) for version in version_records()]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, _prepared: Path) -> Known:
    return Known(tmp_path_factory.mktemp("leave"), _prepared / "small")


@pytest.fixture
def new_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("SEM_HOME", str(add_empty_store(tmp_path / "new")))
    return tmp_path / "new"


def test_others_can_read_it(known: Known) -> None:
    """Without the workbench: tifffile, safetensors, csv and json alone."""
    left, run = known.left, known.left / "runs" / known.run_id
    assert (known.made.runs, known.made.models, known.made.datasets) == (2, 1, ("small",))
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=left, check=True)
    endings = {path.suffix for path in left.rglob("*") if path.is_file()}
    assert not endings & {".pt", ".npy", ".npz", ".pkl", ".db"}
    manifest = json.loads((left / "datasets" / "small" / "manifest.json").read_text())
    stored = manifest["entries"][0]["arrays"][0]
    image = tifffile.imread(left / "datasets" / "small" / f"{stored['file']}.tif")
    assert np.array_equal(image.reshape(stored["shape"]), np.load(known.home / "datasets" / "small" / stored["file"]))
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows.pop(0)["metric"] == "'-2 hours", "a spreadsheet takes the name for text"
    assert [(row["metric"], row["step"], row["value"]) for row in rows][:2] == [
        ("val/psnr_db", "0", "20.1"),
        ("val/psnr_db", "1", "21.1"),
    ]
    assert json.loads((run / "run.json").read_text())["name"] == "µ run"
    assert safetensors.numpy.load_file(run / "files" / Artifact.BEST / "model.safetensors")
    tensors = safetensors.numpy.load_file(run / "files" / Artifact.BEST / "state.pt.safetensors")
    assert np.array_equal(tensors["t0"], np.arange(5.0))
    (version,) = json.loads((left / "models.json").read_text())
    assert (version["name"], version["version"], version["aliases"]) == ("m", 2, ["champion"])
    assert (run / "files" / version["path"] / "artifacts" / "model.safetensors").is_file()


def test_an_empty_store_becomes_the_same_again(known: Known, new_home: Path) -> None:
    made = read_back(ReadBackRequest(folder=known.left))
    assert (made.runs, made.models, made.datasets, made.present) == (2, 1, ("small",), 0)
    assert content() == known.content
    assert open_dataset(home().datasets / "small").digest == known.digest
    assert [run.run_id for run in list_runs("with spaces")] == [known.run_id]
    assert get_text(known.run_id, "notes/ä.txt") == "first"
    assert resolve_model(RegistryRef("m", "champion")).run_id == known.run_id
    folder = fetch(known.run_id, Artifact.BEST)
    assert sound_step(folder) == 3
    state = load_state(folder)
    assert state["optimiser"][0]["betas"] == (0.9, 0.99)
    assert np.array_equal(state["optimiser"][0]["avg"], STATE["optimiser"][0]["avg"])
    again = read_back(ReadBackRequest(folder=known.left))
    assert (again.runs, again.datasets, again.present) == (0, (), 3), "what is there is left alone"
    assert content() == known.content


def test_changed_folders_are_refused(known: Known, new_home: Path) -> None:
    note = known.left / "runs" / known.run_id / "files" / "notes" / "ä.txt"
    note.write_text("second")
    with pytest.raises(UserError, match=r"ä\.txt is not what was written"):
        read_back(ReadBackRequest(folder=known.left))
    note.write_text("first")
    with pytest.raises(UserError, match="exists already"):
        leave(LeaveRequest(out=known.left))
    with pytest.raises(UserError, match="is not a folder of open formats"):
        read_back(ReadBackRequest(folder=new_home))
    assert list_runs() == []


def test_on_the_command_line(known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEM_HOME", str(known.home))
    done = CliRunner().invoke(app, ["leave", "--out", str(tmp_path / "left"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["runs"] == 2
    done = CliRunner().invoke(app, ["read-back", str(tmp_path / "left"), "--json"])
    assert json.loads(done.stdout.splitlines()[-1]) == {"runs": 0, "models": 1, "datasets": [], "present": 3}
