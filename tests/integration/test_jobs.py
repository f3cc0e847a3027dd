"""Queue, slots, cancelling, kill -9 and resuming, with real processes."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from pipelines.data.requests import PrepareRequest
from pipelines.jobs import control, fork_server, queue
from pipelines.jobs.liveness import HOST, Process, describe, this_process
from pipelines.jobs.slots import try_slot
from pipelines.jobs.tasks import cancel_task, list_tasks, start_task, task_state
from pipelines.jobs.worker_session import WorkerSession
from pipelines.people.person import Person
from pipelines.predict.requests import PredictRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.runs import create_run, get_run, list_runs, set_status
from pipelines.train.create import create_training
from pipelines.train.requests import LessonRequest
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.training.checkpoint import load_state
from tests.support.lab import ADA, ALICE, write_lab

ROOT = Path(__file__).resolve().parents[2]


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


@pytest.fixture
def long_recipe(tiny_recipe: Recipe) -> Recipe:
    """A recipe that trains until it is stopped."""
    return override(tiny_recipe, ["train.steps=200000", "train.checkpoint_every=20", "train.validate_every=100000"])


def test_processes_are_distinguished() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process = describe(child.pid)
    assert process.is_alive()
    assert not Process(HOST, child.pid, process.started - 100).is_alive()
    child.kill()
    wait_for(lambda: not process.is_alive())
    assert Path(f"/proc/{child.pid}").exists(), "not reaped yet: a zombie must count as dead"
    child.wait()
    assert Process("elsewhere", 1, 0).is_alive(10)
    assert not Process("elsewhere", 1, 0).is_alive(1000)


def test_a_process_is_found_after_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dates of its start and of that of the machine move together; earlier versions noted the date."""
    dated = Process(HOST, os.getpid(), psutil.Process().create_time())
    noted = describe(os.getpid())
    assert dated.is_alive() and noted.is_alive()
    booted = psutil.boot_time()
    for module in (psutil, psutil._psplatform):
        monkeypatch.setattr(module, "boot_time", lambda: booted - 3600)
    assert psutil.Process().create_time() == pytest.approx(dated.started - 3600, abs=2)
    assert noted.is_alive()


def test_a_slot_is_held_by_one_and_freed_by_kill_9(sem_home: Path) -> None:
    code = "import time; from pipelines.jobs.slots import try_slot; s = try_slot(); "
    code += "print(s.name, flush=True); time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    holder = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline().strip() == "cpu"
    assert try_slot() is None
    holder.kill()
    holder.wait()
    slot = try_slot()
    assert slot is not None
    slot.release()


def test_claims_are_first_come_and_atomic(sem_home: Path) -> None:
    code = """
import sys, time
from pipelines.jobs import queue
from pipelines.jobs.liveness import this_process
run_id = sys.argv[1]
queue.sign_in(run_id, this_process())
while not queue.claim(run_id, "cpu"):
    time.sleep(0.005)
queue.heartbeat(run_id, int(time.time() * 1e6) % 10**12)
queue.end(run_id)
"""
    names = [f"run{k}" for k in range(6)]
    for name in names:
        queue.enqueue(name)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    workers = [subprocess.Popen([sys.executable, "-c", code, name], env=environment) for name in reversed(names)]
    assert [worker.wait(60) for worker in workers] == [0] * 6
    claimed = {job.run_id: job.step for job in queue.jobs()}
    assert sorted(names, key=claimed.__getitem__) == names


def test_a_run_has_one_process_whoever_starts_it(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two schedulers, or two people who resume it at the same time: the second process leaves the first one alone."""
    monkeypatch.setattr("pipelines.jobs.worker_session._HANDOVER_S", 0)
    with WorkerSession("run") as first:
        assert first.wait_for_slot()
        queue.enqueue("run")  # as whoever submits it again does
        with pytest.raises(UserError, match="has a process already"), WorkerSession("run"):
            pass
        with WorkerSession("other"):
            assert {job.run_id for job in queue.jobs()} == {"run", "other"}
    with WorkerSession("run") as again:
        assert again.wait_for_slot()


def test_of_two_who_resume_a_run_at_once_one_is_refused(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would have looked at the queue before either had entered it."""
    run_id = create_run("sem", "r", "training", {}, {}, by=ALICE)
    set_status(run_id, "KILLED")
    launched: list[str] = []
    monkeypatch.setattr(control, "_launch", lambda run_id, *_: launched.append(run_id))
    looking = threading.Barrier(2)
    look = control.refuse_unless_resumable

    def together(run_id: str) -> None:
        look(run_id)
        with contextlib.suppress(threading.BrokenBarrierError):
            looking.wait(0.5)

    monkeypatch.setattr(control, "refuse_unless_resumable", together)
    refused: list[str] = []

    def resume(by: Person) -> None:
        try:
            control.resume(run_id, by)
        except UserError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=resume, args=(person,)) for person in (ALICE, ADA)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert launched == [run_id]
    assert ["still waiting" in said for said in refused] == [True]


def test_a_run_that_could_not_be_queued_has_failed_and_a_resumed_one_stays_as_it_was(sem_home: Path) -> None:
    write_lab(sem_home, "[quotas.member]\nqueued = 0\n")
    new, old = (create_run("sem", "r", "training", {}, {}, by=ALICE) for _ in range(2))
    set_status(old, "KILLED")
    for run_id, resume in ((new, False), (old, True)):
        with pytest.raises(UserError, match="0 are allowed"):
            control.submit(run_id, resume, by=ALICE)
    assert (get_run(new).status, get_run(old).status) == ("FAILED", "KILLED")
    assert "0 are allowed" in get_run(new).tags[Tag.REASON]


@pytest.mark.parametrize("minutes", [1, 3])
def test_a_run_that_nobody_has_queued_is_waited_for_a_while_only(
    minutes: int, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made it was killed before it stood in the queue; one that stands there waits as long as it must."""
    forgotten, waiting = (create_run("sem", "r", "training", {}, {}) for _ in range(2))
    mixed = create_run("sem", "m", "training", {}, {Tag.INTERPOLATED_FROM: forgotten})
    queue.enqueue(waiting)
    queue.sign_in(waiting, this_process())
    listed = control.list_runs
    earlier = datetime.now(UTC) - timedelta(minutes=minutes)
    monkeypatch.setattr(control, "list_runs", lambda **of: [replace(run, started=earlier) for run in listed(**of)])
    is_lost = minutes > 2
    assert control.reconcile() == ([forgotten] if is_lost else [])
    assert get_run(forgotten).status == ("FAILED" if is_lost else "SCHEDULED")
    assert get_run(waiting).status == "SCHEDULED"
    assert get_run(mixed).status == "SCHEDULED", "its weights are being written"
    if is_lost:
        assert get_run(forgotten).tags[Tag.REASON] == control.FORGOTTEN


def test_waiting_job_imports_no_torch() -> None:
    code = "import sys, pipelines.train.worker; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_train_here_and_read_everything_back(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe) -> None:
    run_id = create_training(tiny_recipe, "small")
    result = run_training(run_id)
    run = get_run(run_id)
    assert run.status == "FINISHED"
    assert run.params["train.steps"] == "12"
    assert run.tags["sem.dataset_digest"] == small_dataset.digest
    assert [step for step, _ in metric_history(run_id, "train/charbonnier")] == list(range(1, 13))
    assert dict(metric_history(run_id, "val/psnr_db"))[result.best_step] == pytest.approx(result.best["val/psnr_db"])
    with pytest.raises(UserError, match="has finished"):
        control.resume(run_id)


@pytest.mark.faults
def test_cancel_saves_the_state_and_resume_goes_on(sem_home: Path, small_dataset: Dataset, long_recipe: Recipe) -> None:
    first, second = (create_training(long_recipe, "small") for _ in range(2))
    control.submit(first)
    control.submit(second)
    wait_for(lambda: get_run(first).status == "RUNNING" and bool(metric_history(first, "lr")))
    assert queue.position(second) == 1
    assert [job.state for job in queue.active_jobs()] == ["running", "waiting"]
    with pytest.raises(UserError, match="still running"):
        control.resume(first)
    control.cancel(second)
    wait_for(lambda: get_run(second).status == "KILLED")
    control.cancel(first)
    wait_for(lambda: get_run(first).status == "KILLED")
    stopped = load_state(sem_home / "mlruns" / "work" / first / "checkpoint-last")["progress"]["step"]
    assert stopped > 0
    control.resume(first)
    wait_for(lambda: get_run(first).status == "RUNNING" and max(s for s, _ in metric_history(first, "lr")) > stopped)
    control.cancel(first)
    wait_for(lambda: get_run(first).status == "KILLED")
    steps = [step for step, _ in metric_history(first, "lr")]
    assert steps == list(range(1, len(steps) + 1))


@pytest.mark.faults
def test_kill_9_is_found_and_can_be_resumed(sem_home: Path, small_dataset: Dataset, long_recipe: Recipe) -> None:
    run_id = create_training(long_recipe, "small")
    control.submit(run_id)
    checkpoint = sem_home / "mlruns" / "work" / run_id / "checkpoint-last"
    wait_for(checkpoint.exists)
    job = queue.find(run_id)
    os.kill(job.process.pid, signal.SIGKILL)
    wait_for(lambda: not queue.find(run_id).alive)
    assert get_run(run_id).status == "RUNNING"
    assert control.reconcile() == [run_id]
    run = get_run(run_id)
    assert run.status == "FAILED"
    assert "can be resumed" in run.tags["sem.reason"]
    control.resume(run_id)
    wait_for(lambda: get_run(run_id).status == "RUNNING")
    control.cancel(run_id)
    wait_for(lambda: get_run(run_id).status == "KILLED")


@pytest.mark.faults
def test_resume_without_the_working_folder(sem_home: Path, small_dataset: Dataset, long_recipe: Recipe) -> None:
    """As on another machine, where only the checkpoint in the store is available."""
    run_id = create_training(long_recipe, "small")
    control.submit(run_id)
    wait_for(lambda: bool(metric_history(run_id, "lr")))
    control.cancel(run_id)
    wait_for(lambda: get_run(run_id).status == "KILLED")
    work = sem_home / "mlruns" / "work" / run_id
    stopped = load_state(work / "checkpoint-last")["progress"]["step"]
    shutil.rmtree(work)
    control.resume(run_id)
    wait_for(lambda: max(step for step, _ in metric_history(run_id, "lr")) > stopped)
    control.cancel(run_id)
    wait_for(lambda: get_run(run_id).status == "KILLED")
    steps = [step for step, _ in metric_history(run_id, "lr")]
    assert steps == list(range(1, len(steps) + 1))


def test_failure_has_its_reason(sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe) -> None:
    run_id = create_training(override(tiny_recipe, ["optimiser.lr=1e30", "train.steps=60"]), "small")
    with pytest.raises(UserError, match="diverged"):
        run_training(run_id)
    assert get_run(run_id).status == "FAILED"
    assert "lower optimiser.lr" in get_run(run_id).tags["sem.reason"]


def test_what_cannot_fit_is_refused_before_there_is_a_run(
    sem_home: Path, small_dataset: Dataset, tiny_recipe: Recipe
) -> None:
    with pytest.raises(UserError, match="smaller than the patch"):
        create_training(override(tiny_recipe, ["train.patch=512"]), "small")
    assert list_runs() == []


@pytest.fixture
def ready_fork_server(sem_home: Path) -> Iterator[None]:
    with fork_server.fork_server(["pipelines.cli.task"]):
        wait_for(fork_server.is_ready)
        yield
        assert fork_server.is_ready()  # it has not been given up for fresh processes


@pytest.mark.faults
@pytest.mark.usefixtures("ready_fork_server")
def test_forked_tasks_report_results_errors_and_cancel(sem_home: Path, raw_images: Path) -> None:
    _tasks_report_results_errors_and_cancel(sem_home, raw_images)


@pytest.mark.faults
def test_tasks_report_results_errors_and_cancel(sem_home: Path, raw_images: Path) -> None:
    _tasks_report_results_errors_and_cancel(sem_home, raw_images)


def _tasks_report_results_errors_and_cancel(sem_home: Path, raw_images: Path) -> None:
    task = start_task(PredictRequest(model="baseline:bicubic", inputs=["/nowhere"], out=sem_home / "out"))
    done = start_task(PrepareRequest(name="small", raw=[raw_images]))
    # A server that a script started in the background ignores interrupts, and so would all that it starts.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        long = start_task(LessonRequest())
    finally:
        signal.signal(signal.SIGINT, before)
    wait_for(lambda: task_state(task).status != "running")
    assert task_state(task).status == "failed"
    assert "/nowhere" in str(task_state(task).error)
    wait_for(lambda: task_state(done).status == "done")
    assert task_state(done).result["images"] == {"train": 4, "val": 1, "test": 1}
    wait_for(lambda: task_state(long).total > 0)
    cancel_task(long)
    wait_for(lambda: task_state(long).status == "cancelled")
    assert {state.task_id for state in list_tasks()} == {task, done, long}
    with pytest.raises(UserError, match="no task"):
        task_state("../../etc")


@pytest.mark.faults
def test_training_outlives_its_launcher(sem_home: Path, small_dataset: Dataset, long_recipe: Recipe) -> None:
    """The launcher and its whole session are killed, as when a web server dies; a new process finds the training."""
    run_id = create_training(long_recipe, "small")
    code = "import sys, time; from pipelines.jobs.control import submit; submit(sys.argv[1]); time.sleep(100)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    launcher = subprocess.Popen([sys.executable, "-c", code, run_id], env=environment, start_new_session=True)
    wait_for(lambda: bool(metric_history(run_id, "lr")))
    os.killpg(launcher.pid, signal.SIGKILL)
    launcher.wait()
    step = max(step for step, _ in metric_history(run_id, "lr"))
    wait_for(lambda: max(step for step, _ in metric_history(run_id, "lr")) > step + 10)
    assert control.reconcile() == []
    assert [job.run_id for job in queue.active_jobs()] == [run_id]
    control.cancel(run_id)
    wait_for(lambda: get_run(run_id).status == "KILLED")
