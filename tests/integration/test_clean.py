"""Cleaning removes what is old and not needed, and nothing else."""

import json
import os
import re
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.home import Home, TaskFile
from pipelines.jobs import queue
from pipelines.jobs.liveness import HOST, this_process
from pipelines.jobs.worker_session import WorkerSession
from pipelines.people.audit import read_audit
from pipelines.tracking.artifacts import put_files
from pipelines.tracking.runs import create_run, set_status
from pipelines.upkeep.clean import choose, clean
from pipelines.upkeep.leftovers import Kind, Leftover, find_leftovers
from pipelines.upkeep.requests import CleanRequest
from sem_models.images.io.partial import partial_folder, partial_path

DAY_S = 86400.0


def aged(path: Path, days: float) -> Path:
    """Let a file or all files of a folder be so old."""
    then = time.time() - days * DAY_S
    for file in [path, *path.rglob("*")]:
        os.utime(file, (then, then))
    return path


def write(path: Path, text: str = "x" * 1000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def a_training(home: Home, state: str, days: float, *, stored: bool = True) -> Path:
    """The working folder of a training, whose last checkpoint is in the store as well, and its log."""
    run_id = create_run("sem", state, "training", {}, {})
    facts = write(home.work / run_id / "checkpoint-last" / "checkpoint.json", json.dumps({"run": run_id}))
    write(facts.with_name("model.safetensors"))
    if stored:
        put_files(run_id, "checkpoints/last", [facts])
    set_status(run_id, state)
    aged(write(home.logs / f"{run_id}.log"), days)
    return aged(home.work / run_id, days)


def a_task(home: Home, name: str, days: float, *, ended: bool = True, inputs: tuple[Path, ...] = ()) -> Path:
    folder = home.tasks / name
    request = {"inputs": [str(path) for path in inputs]}
    asked = {"use_case": "predict", "request": request, "started": 0.0}
    write(folder / TaskFile.REQUEST, home.to_portable(json.dumps(asked)))
    if ended:
        write(folder / TaskFile.ENDED, json.dumps({"status": 0}))
    else:
        alive = this_process()
        write(folder / TaskFile.PROCESS, json.dumps({"host": HOST, "pid": alive.pid, "started": alive.started}))
    return aged(folder, days)


@pytest.fixture
def home(sem_home: Path) -> Home:
    return Home(sem_home)


def everything(home: Home) -> set[Path]:
    return {path for path in home.root.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal"))}


def test_only_what_is_old_and_not_needed_goes(home: Home) -> None:
    uploads = home.root / "uploads"
    old = {
        a_training(home, "FINISHED", 40),
        a_training(home, "FAILED", 40),
        a_training(home, "KILLED", 40),
        a_task(home, "20260101-old", 40),
        aged(write(uploads / "old-1" / "a.tif").parent, 40),
        aged(write(uploads / "somebody" / "old-2" / "a.tif").parent, 40),
    }
    old |= {home.logs / f"{path.name}.log" for path in old if path.parent == home.work}
    running = a_training(home, "RUNNING", 40)
    waiting = a_training(home, "KILLED", 40)
    queue.enqueue(waiting.name)
    queue.sign_in(waiting.name, this_process())
    metrics_left, files_left = a_training(home, "FINISHED", 40), a_training(home, "FAILED", 40)
    aged(write(metrics_left / "outbox-metrics.jsonl"), 40)
    aged(write(files_left / "outbox" / "1-1" / "address"), 40)
    changed = a_training(home, "KILLED", 40)
    aged(write(changed / "checkpoint-last" / "checkpoint.json", "of a later step"), 40)
    named = aged(write(uploads / "named-1" / "a.tif").parent, 40)
    kept = {
        running, waiting, metrics_left, files_left, changed, named,
        a_training(home, "FINISHED", 40, stored=False),
        aged(write(home.work / ("0" * 32) / "checkpoint-last" / "checkpoint.json").parent.parent, 40),
        aged(write(home.work / "floors" / "rows.json").parent, 400),
        a_training(home, "FINISHED", 3),
        a_task(home, "20260102-young", 3, inputs=(named / "a.tif",)),
        a_task(home, "20260103-running", 40, ended=False),
        aged(write(uploads / "young-1" / "a.tif").parent, 3),
        aged(write(home.root / "results" / "r" / "a.tif").parent, 400),
        aged(write(home.datasets / "d" / "manifest.json").parent, 400),
        aged(write(home.artifacts / "sem" / "r" / "artifacts" / "a.txt"), 400),
        aged(write(home.root / "of-the-user.txt"), 400),
    }  # fmt: skip
    before = everything(home)

    listed = CliRunner().invoke(app, ["clean", "--dry-run", "--json"])
    assert listed.exit_code == 0, listed.output
    found = json.loads(listed.stdout.splitlines()[-1])
    assert {Path(path) for path in found["removed"]} == old and found["bytes"] > 0
    assert everything(home) == before

    cleaned = clean(CleanRequest())
    assert {one.path for one in cleaned.removed} == old and cleaned.freed_bytes == found["bytes"]
    assert not [path for path in old if path.exists()]
    gone = {path for path in before if any(path.is_relative_to(one) for one in old)}
    assert everything(home) == before - gone
    assert all(path.exists() for path in kept)
    assert clean(CleanRequest()).removed == ()


def test_what_was_removed_stands_in_the_log(home: Home) -> None:
    upload = aged(write(home.root / "uploads" / "a-1" / "a.tif").parent, 40)
    clean(CleanRequest(dry_run=True))
    assert [deed for deed in read_audit() if deed.deed == "clean"] == []
    clean(CleanRequest())
    assert [deed.thing for deed in read_audit() if deed.deed == "clean"] == [f"upload {upload.name}"]


def test_an_upload_goes_after_the_task_that_names_it(home: Home) -> None:
    upload = aged(write(home.root / "uploads" / "a-1" / "a.tif").parent, 40)
    task = a_task(home, "20260101-old", 40, inputs=(upload,))
    assert [one.path for one in clean(CleanRequest()).removed] == [task]
    assert [one.path for one in clean(CleanRequest()).removed] == [upload]


def test_links_are_not_followed(home: Home, tmp_path: Path) -> None:
    own = aged(write(tmp_path / "own" / "a.tif").parent, 400)
    upload = write(home.root / "uploads" / "a-1" / "a.tif").parent
    (upload / "linked").symlink_to(own)
    (home.root / "uploads" / "whole").symlink_to(own)
    aged(upload, 40)
    os.utime(upload / "linked", (0, 0), follow_symlinks=False)
    assert [one.path for one in clean(CleanRequest()).removed] == [upload]
    assert (own / "a.tif").is_file()


def test_what_came_into_use_meanwhile_stays(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    work = a_training(home, "KILLED", 40)
    found = find_leftovers()
    set_status(work.name, "RUNNING")
    monkeypatch.setattr("pipelines.upkeep.clean.find_leftovers", lambda: found)
    assert clean(CleanRequest()).removed == ()
    assert (work / "checkpoint-last" / "model.safetensors").is_file()


def test_age_comes_before_size_and_the_youngest_day_stays() -> None:
    now = 100 * DAY_S
    found = [Leftover(Kind.UPLOAD, Path(str(days)), 10**9, now - days * DAY_S) for days in (0.5, 2, 10, 50)]

    def chosen(days: float, most_gb: float | None) -> list[str]:
        return [one.path.name for one in choose(found, days, most_gb, now)]

    assert chosen(30, None) == ["50"]
    assert chosen(30, 3) == ["50"]
    assert chosen(30, 2) == ["50", "10"]
    assert chosen(30, 0) == ["50", "10", "2"]
    assert chosen(1, None) == ["50", "10", "2"]


def test_unfinished_results_of_dead_processes_go(sem_home: Path) -> None:
    results = sem_home / "results" / "20260101-000000-a"
    ours = write(partial_path(results / "a.tif"))
    dead = write(ours.with_name(re.sub(r"-\d+\.part$", f"-{2**22 + 1}.part", ours.name)))
    finished = write(results / "b.tif")
    aged(results, 40)
    os.utime(ours)
    clean(CleanRequest(older_than_days=30))
    assert not dead.exists()
    assert ours.exists()
    assert finished.exists()


def test_an_unfinished_dataset_of_a_dead_process_goes(home: Home) -> None:
    home.datasets.mkdir()
    ours, finished = partial_folder(home.datasets / "steel"), home.datasets / "steel"
    dead = ours.rename(ours.with_name(re.sub(r"-\d+\.part$", f"-{2**22 + 1}.part", ours.name)))
    write(dead / "a.npy")
    ours = partial_folder(finished)
    for folder in (ours, finished, home.datasets / ".of-the-user"):
        write(folder / "a.npy")
    aged(home.datasets, 40)
    os.utime(ours)
    assert [one.path for one in clean(CleanRequest()).removed] == [dead]
    assert not dead.exists()
    assert (ours / "a.npy").is_file()
    assert (finished / "a.npy").is_file()


def test_the_lock_of_a_run_goes_when_nobody_holds_it(home: Home) -> None:
    ended, held = (a_training(home, "FINISHED", 3).name for _ in range(2))
    with WorkerSession(ended):
        pass
    with WorkerSession(held):
        locks = [aged(home.running / f"{run_id}.lock", 40) for run_id in (ended, held)]
        assert all(lock.is_file() for lock in locks)
        listed = clean(CleanRequest(dry_run=True))
        assert [one.path for one in listed.removed] == locks[:1]
        assert clean(CleanRequest()).removed == listed.removed
        assert not locks[0].exists()
        with pytest.raises(Timeout):
            FileLock(locks[1]).acquire(timeout=0)
    assert [one.path for one in clean(CleanRequest()).removed] == locks[1:]


def test_a_lock_that_was_taken_since_it_was_listed_stays(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = aged(write(home.running / f"{'1' * 32}.lock", ""), 40)
    # Taken after the last look, too.
    monkeypatch.setattr("pipelines.upkeep.leftovers.is_held", lambda _: False)
    with FileLock(lock):
        assert clean(CleanRequest()).removed == ()
        assert lock.is_file()


def test_a_task_that_was_never_written_goes_and_nothing_else_without_a_request(home: Home) -> None:
    """Whoever starts a task makes its folder first, and may be killed before there is a request in it."""
    dead = home.tasks / "20260101-101010-predict-0a1b2c"
    begun = home.tasks / "20260101-101010-predict-many-0a1b2d"
    young = home.tasks / "20260101-101010-predict-0a1b2e"
    foreign = home.tasks / "of-the-user"
    for folder in (dead, begun, young, foreign):
        folder.mkdir(parents=True)
    write(begun / "task.part")
    for folder in (dead, begun, foreign):
        aged(folder, 40)
    assert {one.path for one in clean(CleanRequest()).removed} == {dead, begun}
    assert young.is_dir()
    assert foreign.is_dir()


def test_a_task_without_a_process_goes_once_it_cannot_begin_any_more(home: Home) -> None:
    """Whoever starts a task may be killed after they have written what was asked for."""
    dead, young = (home.tasks / f"20260101-101010-predict-{digits}" for digits in ("0a1b2c", "0a1b2d"))
    for folder, started in ((dead, 0.0), (young, time.time())):
        write(folder / TaskFile.REQUEST, json.dumps({"use_case": "predict", "request": {}, "started": started}))
        aged(folder, 40)
    assert [one.path for one in clean(CleanRequest()).removed] == [dead]


def test_a_damaged_record_of_a_task_stays_and_stops_nothing(home: Home) -> None:
    damaged = aged(write(home.tasks / "20260101-101010-predict-0a1b2c" / TaskFile.REQUEST, "{").parent, 40)
    upload = aged(write(home.root / "uploads" / "a-1" / "a.tif").parent, 40)
    assert [one.path for one in clean(CleanRequest()).removed] == [upload]
    assert damaged.is_dir()


def test_what_is_computed_again_goes_when_nobody_has_used_it(home: Home) -> None:
    cache = home.root / "cache"
    old = {
        aged(write(cache / "pyramids" / "0a" / "about.json").parent, 40),
        aged(write(cache / "gallery" / "0b.tif"), 40),
        aged(write(cache / "plans" / "0c"), 40),
        aged(write(cache / "graphs" / "0d.onnx"), 40),
        aged(write(cache / "backends" / "tmpab12cd34"), 40),  # as earlier versions left them
        aged(write(home.baseline_rows / "tmpab12cd34"), 40),
    }
    written = aged(write(partial_path(cache / "graphs" / "0e.onnx")), 40)
    os.utime(written)
    used = aged(write(cache / "gallery" / "0f.tif"), 40)
    os.utime(used, (time.time(), time.time() - 40 * DAY_S))
    scores = aged(write(home.baseline_rows / "0a.json"), 400)
    young = write(home.baseline_rows / "tmpab12cd35")
    assert {one.path for one in clean(CleanRequest()).removed} == old
    assert all(path.is_file() for path in (written, used, scores, young))


def test_an_export_goes_after_the_task_that_made_it(home: Home) -> None:
    exports = home.exports
    hers = aged(write(exports / "0123456789abcdef" / "steel-v1" / "model.safetensors").parent, 40)
    desks = aged(write(exports / "steel-v1.onnx"), 40)
    young = write(exports / "steel-v2.onnx")
    task = a_task(home, "20260101-old", 40, inputs=(hers,))
    assert {one.path for one in clean(CleanRequest()).removed} == {task, desks}
    assert {one.path for one in clean(CleanRequest()).removed} == {hers}
    assert young.is_file()
    assert hers.parent.is_dir()
