"""A store is backed up while it is written to and restored elsewhere; a damaged archive is refused."""

import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.backup import archive
from pipelines.backup.archive import ABOUT, SUMS
from pipelines.backup.backup import backup
from pipelines.backup.requests import BackupRequest, RestoreRequest
from pipelines.backup.restore import restore
from pipelines.home import home
from pipelines.jobs import control, queue
from pipelines.jobs.executor import LocalExecutor
from pipelines.jobs.liveness import HOST, Process, describe
from pipelines.jobs.slurm_client import SlurmJob
from pipelines.jobs.tasks import cancel_task, start_task, task_state
from pipelines.model_ref import RegistryRef
from pipelines.models import resolve_model
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.artifacts import get_text
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.runs import create_run, get_run, list_runs, set_status
from sem_models.datasets.dataset import open_dataset
from sem_models.errors import UserError
from sem_models.inference.storage import load_weights
from tests.support.stores import naming
from tests.support.whole_store import write_whole_store


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, _prepared: Path) -> tuple[Path, str]:
    """A store, and its run."""
    place = tmp_path_factory.mktemp("written") / "home"
    return place, write_whole_store(place, _prepared / "small")


@pytest.fixture
def sem_home(written: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, at another place."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("SEM_HOME", str(tmp_path / "home"))
    return Path(shutil.copytree(written[0], tmp_path / "home"))


@pytest.fixture
def run_id(written: tuple[Path, str], sem_home: Path) -> str:
    """Its run."""
    return written[1]


def sums(folder: Path) -> dict[str, str]:
    """SHA-256 of all files but the databases, which are compared by their content."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and ".db" not in path.name)
    kept = [path for path in found if not path.name.endswith(".lock")]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(database)) as opened:
        tables = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(opened.execute(f"SELECT * FROM '{name}'"), key=repr) for name in tables}  # noqa: S608


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_everything_is_there_after_a_restore(
    run_id: str, sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = home()
    old.audit.write_text('{"who": "emmy"}\n')
    old.uploads.mkdir()
    (old.uploads / "a.tif").write_bytes(b"image")
    before, stored = rows(old.database), sums(old.mlruns) | {f"d/{k}": v for k, v in sums(old.datasets).items()}
    made = backup(BackupRequest(out=tmp_path / "b.tar", with_datasets=True))
    assert made.changed == () == made.datasets
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0, "others must not read it"
    old.audit.unlink()
    shutil.rmtree(old.mlruns)
    shutil.rmtree(old.datasets)
    result = restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new"))
    monkeypatch.setenv("SEM_HOME", str(tmp_path / "new"))
    new = home()
    assert sums(new.mlruns) | {f"d/{k}": v for k, v in sums(new.datasets).items()} == stored
    assert result.files == made.files + 1
    assert new.audit.read_text() == '{"who": "emmy"}\n'
    assert (new.uploads / "a.tif").read_bytes() == b"image"
    changed = {name for name, content in rows(new.database).items() if content != before[name]}
    assert changed <= {"experiments", "runs", "model_versions", "datasets", "tags"}, "only addresses are new"
    assert naming(new.database, str(sem_home / "mlruns")) == []

    assert [run.run_id for run in list_runs("with spaces")] == [run_id]
    assert get_run(run_id).status == "FINISHED"
    assert [value for _, value in metric_history(run_id, "val/psnr_db")] == [20.1, 21.1, 22.1]
    assert get_text(run_id, "notes/ä.txt") == "first"
    assert resolve_model(RegistryRef("m", "champion")).run_id == run_id
    assert load_weights(new.artifacts / "with spaces" / run_id / "artifacts" / Artifact.BEST)
    assert open_dataset(new.datasets / "small").entries("train")


def test_a_database_that_is_being_written_is_copied_at_one_moment(run_id: str, tmp_path: Path) -> None:
    """What is committed to the write-ahead log only is included, what is not committed is not."""
    with closing(sqlite3.connect(home().database)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('committed', '1', ?)", (run_id,))
        writer.commit()
        writer.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('open', '1', ?)", (run_id,))
        backup(BackupRequest(out=tmp_path / "b.tar"))
        writer.rollback()
    restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new"))
    keys = {row[0] for row in rows(tmp_path / "new" / "mlruns" / "mlflow.db")["tags"]}
    assert "committed" in keys
    assert "open" not in keys


def test_other_programs_can_read_and_check_it(run_id: str, tmp_path: Path) -> None:
    made = backup(BackupRequest(out=tmp_path / "b.tar"))
    assert made.datasets == ("small",)
    (tmp_path / "plain").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "b.tar", "-C", tmp_path / "plain"], check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", SUMS], cwd=tmp_path / "plain", check=True)
    assert not (tmp_path / "plain" / "datasets").exists()


def rewritten(archive: Path, change: Callable[[str, bytes], list[tuple[str, bytes]]]) -> None:
    """Write an archive anew with changed members."""
    with tarfile.open(archive) as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(archive, "w") as tar:
        for name, content in (pair for member in members for pair in change(*member)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def spoil(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(name, content[:-1] + b"?" if name.endswith("ä.txt") else content)]


def lose(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [] if name.endswith("ä.txt") else [(name, content)]


def unlist(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [] if name == SUMS else [(name, content)]


def escape(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(name, content), ("../escaped.txt", b"x")] if name == ABOUT else [(name, content)]


@pytest.mark.parametrize(
    ("change", "said"), [(spoil, "ä.txt"), (lose, "ä.txt"), (unlist, "is damaged"), (escape, "escaped.txt")]
)
def test_changed_archives_are_refused(
    run_id: str, tmp_path: Path, change: Callable[[str, bytes], list[tuple[str, bytes]]], said: str
) -> None:
    backup(BackupRequest(out=tmp_path / "b.tar"))
    rewritten(tmp_path / "b.tar", change)
    assert said in refused(lambda: restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "in" / "new")))
    assert list((tmp_path / "in").iterdir()) == []
    assert not (tmp_path / "escaped.txt").exists()


@pytest.mark.parametrize("change", [lambda file: file.write(b"more"), lambda file: file.truncate(9)])
def test_a_file_that_changes_while_it_is_read_is_named(
    change: Callable[[BinaryIO], object], run_id: str, sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is being copied into the store would be half in the archive."""
    changing = sem_home / "mlruns" / "artifacts" / "model.safetensors"
    changing.write_bytes(b"x" * 100)
    read = archive._Reader.read

    def overtaken(reader: archive._Reader, count: int = -1) -> bytes:
        if getattr(reader._opened, "name", None) == str(changing):
            with changing.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                change(file)
        return read(reader, count)

    monkeypatch.setattr(archive._Reader, "read", overtaken)
    made = backup(BackupRequest(out=tmp_path / "b.tar"))
    assert made.changed == ("mlruns/artifacts/model.safetensors",)
    restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new"))
    assert (tmp_path / "new" / "mlruns" / "artifacts" / "model.safetensors").stat().st_size == 100


def test_folders_may_vanish_while_they_are_listed(run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of what has been sent to the store, in the working folder of a training."""
    sent = home().work / "r" / "outbox" / "1" / "files"
    sent.mkdir(parents=True)
    listed = Path.iterdir

    def overtaken(folder: Path) -> Iterator[Path]:
        if folder == sent:
            sent.rmdir()
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", overtaken)
    backup(BackupRequest(out=tmp_path / "b.tar"))
    assert not sent.exists()


ODD = [
    "two\nlines.tif",
    "a\u2028b.tif",
    "back\\slash.tif",
    "\\n.tif",
    "end\r.tif",
    os.fsdecode(b"\xff.tif"),
    "two  spaces.tif",
]


def test_files_are_kept_whatever_they_are_called(run_id: str, sem_home: Path, tmp_path: Path) -> None:
    """Results are called as the files that they were made from, and these as somebody's instrument liked."""
    (sem_home / "results").mkdir()
    for name in ODD:
        (sem_home / "results" / name).write_bytes(os.fsencode(name))
    backup(BackupRequest(out=tmp_path / "b.tar", with_datasets=True))
    restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new"))
    for name in ODD:
        assert (tmp_path / "new" / "results" / name).read_bytes() == os.fsencode(name)
    (tmp_path / "in").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "b.tar", "-C", tmp_path / "in"], check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", SUMS], cwd=tmp_path / "in", check=True)


def test_what_no_backup_holds_is_refused_although_its_checksum_is_right(run_id: str, tmp_path: Path) -> None:
    """Settings of other programs in the home folder, such as a key of the sign-in."""
    smuggled = ".streamlit/secrets.toml"
    backup(BackupRequest(out=tmp_path / "b.tar"))

    def change(name: str, content: bytes) -> list[tuple[str, bytes]]:
        if name == ABOUT:
            return [(name, content), (smuggled, b"x")]
        line = f"{hashlib.sha256(b'x').hexdigest()}  {smuggled}\n".encode()
        return [(name, content + line if name == SUMS else content)]

    rewritten(tmp_path / "b.tar", change)
    assert smuggled in refused(lambda: restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new")))
    assert not (tmp_path / "new").exists()


def test_a_restored_home_is_closed_to_other_accounts(run_id: str, tmp_path: Path) -> None:
    backup(BackupRequest(out=tmp_path / "b.tar"))
    restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new"))
    assert [(tmp_path / name).stat().st_mode & 0o077 for name in ("b.tar", "new")] == [0, 0]


@pytest.fixture
def at_work() -> Iterator[Process]:
    """A process that works for the store that is backed up."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield describe(child.pid)
    child.kill()
    child.wait()


def restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Back the store up, and work in the copy from now on."""
    backup(BackupRequest(out=tmp_path / "b.tar"))
    restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new"))
    monkeypatch.setenv("SEM_HOME", str(tmp_path / "new"))


@pytest.mark.parametrize("host", [HOST, "another machine"])
def test_what_trained_when_the_backup_was_made_has_ended_in_the_copy_and_can_be_resumed(
    host: str, sem_home: Path, tmp_path: Path, at_work: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy names live processes of the original: a cancel in a rehearsal must not stop these."""
    trained = create_run("sem", "r", "training", {}, {Tag.HOST: host, Tag.HOME: str(sem_home)})
    queue.enqueue(trained)
    queue.sign_in(trained, at_work)
    queue.begin(trained, "cpu")
    set_status(trained, "RUNNING")
    restored(tmp_path, monkeypatch)
    assert queue.active_jobs() == []
    with pytest.raises(UserError, match="nothing to cancel"):
        control.cancel(trained)
    assert control.reconcile() == [trained]
    assert get_run(trained).status == "FAILED"
    monkeypatch.setattr(control, "_launch", lambda *_: None)
    control.resume(trained)
    assert [job.run_id for job in queue.active_jobs()] == [trained]
    assert at_work.is_alive()


def test_jobs_of_slurm_belong_to_the_original_alone(
    sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue("waiting")
    queue.hand_over("waiting", SlurmJob("17"))
    restored(tmp_path, monkeypatch)
    found = queue.find("waiting")
    assert found is not None
    assert (found.state, found.slurm_job) == ("ended", None)


def test_a_task_that_went_on_has_ended_in_the_copy(
    sem_home: Path, tmp_path: Path, at_work: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalExecutor, "launch", lambda *_: at_work)
    task = start_task(RegisterRequest(run=create_run("sem", "r", "training", {}, {}), name="m"))
    restored(tmp_path, monkeypatch)
    found = task_state(task)
    assert (found.status, "was running when the backup was made" in str(found.error)) == ("failed", True)
    cancel_task(task)
    assert at_work.is_alive()


def test_damaged_and_foreign_files_are_refused(run_id: str, tmp_path: Path) -> None:
    backup(BackupRequest(out=tmp_path / "b.tar"))
    whole = (tmp_path / "b.tar").read_bytes()
    for name, content in (("cut", whole[: len(whole) // 2]), ("short", whole[:700]), ("text", b"x" * 999), ("no", b"")):
        (tmp_path / name).write_bytes(content)
        request = RestoreRequest(archive=tmp_path / name, to=tmp_path / "new")
        assert name in refused(lambda request=request: restore(request))
        assert not (tmp_path / "new").exists()
    missing = RestoreRequest(archive=tmp_path / "missing.tar", to=tmp_path / "new")
    assert "no such file" in refused(lambda: restore(missing))


def test_nothing_that_exists_is_replaced(run_id: str, sem_home: Path, tmp_path: Path) -> None:
    backup(BackupRequest(out=tmp_path / "b.tar"))
    assert "exists already" in refused(lambda: backup(BackupRequest(out=tmp_path / "b.tar")))
    assert "inside the store" in refused(lambda: backup(BackupRequest(out=sem_home / "mlruns" / "b.tar")))
    request = RestoreRequest(archive=tmp_path / "b.tar", to=sem_home)
    assert "not empty" in refused(lambda: restore(request))
    assert list_runs("with spaces")


def test_stores_on_a_server_are_left_to_its_own_tools(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ml:secret@mlflow.lab.example")
    said = refused(lambda: backup(BackupRequest(out=sem_home / "b.tar")))
    assert "pg_dump" in said
    assert "secret" not in said


def test_a_dataset_behind_a_link_is_included(run_id: str, sem_home: Path, tmp_path: Path) -> None:
    (sem_home / "datasets" / "small").rename(tmp_path / "elsewhere")
    (sem_home / "datasets" / "small").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "elsewhere")
    backup(BackupRequest(out=tmp_path / "b.tar", with_datasets=True))
    restore(RestoreRequest(archive=tmp_path / "b.tar", to=tmp_path / "new"))
    assert open_dataset(tmp_path / "new" / "datasets" / "small").manifest.entries


def test_copies_of_a_backup_that_was_killed_are_deleted_by_the_next_one(run_id: str, tmp_path: Path) -> None:
    killed, running, foreign = (tmp_path / f".sem-workbench-backup-{name}" for name in ("killed", "running", "foreign"))
    for folder in (killed, running, foreign):
        folder.mkdir()
        (folder / "mlflow.db").write_bytes(b"somebody's runs")
    (killed / "in-use.lock").touch()
    with FileLock(running / "in-use.lock"):
        backup(BackupRequest(out=tmp_path / "lab.tar"))
    assert sorted(tmp_path.glob(".*")) == [foreign, running]


def test_on_the_command_line(run_id: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["backup", "--out", str(tmp_path / "b.tar")])
    assert done.exit_code == 0, done.output
    assert "Not included: the datasets small" in done.stdout
    done = CliRunner().invoke(app, ["restore", str(tmp_path / "b.tar"), "--to", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    assert f"SEM_HOME={tmp_path / 'new'}" in done.stdout
