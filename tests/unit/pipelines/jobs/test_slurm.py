"""Scripts, states and arrays of SLURM, with stand-ins for its commands; `tests/slurm` does it with the real ones."""

import os
import signal
from pathlib import Path

import pytest

from pipelines.home import TaskFile, home
from pipelines.jobs import control, queue, slurm_client
from pipelines.jobs.choice import executor_for
from pipelines.jobs.executor import LocalExecutor, Needs
from pipelines.jobs.liveness import Process, this_process
from pipelines.jobs.recent import recent_work
from pipelines.jobs.slurm_client import OWN_JOB, SlurmJob, SlurmQueue, read_queue
from pipelines.jobs.slurm_executor import SlurmExecutor, array_sizes
from pipelines.jobs.tasks import cancel_task, start_task, task_state
from pipelines.jobs.worker_session import WorkerSession
from pipelines.people.lab import Slurm
from pipelines.people.person import local_person
from pipelines.predict.requests import PredictRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import create_run, get_run
from sem_models.errors import UserError
from tests.support.lab import write_lab

SBATCH = 'cp "$1" "$HERE/script-$(ls "$HERE" | wc -l).sh"; echo "Submitted batch job 17"'
CONFIG = "MaxArraySize            = 6"


class Commands:
    """Programs that write down how they are called, and answer what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("srun", "sbatch", "squeue", "scancel", "scontrol"):
            self.answer(name, ":")

    def answer(self, name: str, script: str) -> None:
        """Let a program do this from now on."""
        path = self.folder / name
        head = f'#!/bin/sh\nHERE={self.folder}/scripts\nmkdir -p $HERE\necho "{name} $*" >> {self.folder}/calls\n'
        path.write_text(f"{head}{script}\n")
        path.chmod(0o755)

    def queue(self, *lines: str) -> None:
        """Let squeue tell of these jobs."""
        (self.folder / "queue").write_text("".join(f"{line}\n" for line in lines))
        self.answer("squeue", f"cat {self.folder}/queue")

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    @property
    def scripts(self) -> list[str]:
        return [path.read_text() for path in sorted((self.folder / "scripts").iterdir())]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(slurm_client, "_queue", SlurmQueue())
    found = Commands(folder)
    found.answer("sbatch", SBATCH)
    found.answer("scontrol", f'echo "{CONFIG}"')
    return found


@pytest.mark.parametrize(
    ("count", "largest", "sizes"),
    [(1, 6, [1]), (6, 6, [6]), (13, 6, [5, 4, 4]), (100_000, 1001, None), (3, 1, [1] * 3)],
)
def test_arrays_are_as_few_as_possible_and_none_is_too_large(count: int, largest: int, sizes: list[int] | None) -> None:
    found = array_sizes(count, largest)
    assert sum(found) == count and max(found) <= largest and max(found) - min(found) <= 1
    assert len(found) == (len(sizes) if sizes else 100)
    assert found == (sizes or found)


def test_jobs_wait_behind_those_of_higher_priority_in_their_partition() -> None:
    seen = read_queue(
        [
            "9|PENDING|gpu|Resources", "7|PENDING|cpu|Priority", "8|PENDING|gpu|Priority", "5|RUNNING|gpu|None",
            "4|COMPLETED|gpu|None", "4|RUNNING|gpu|None", "3|TIMEOUT|gpu|None", "2|COMPLETING|gpu|None",
            "1|PENDING|gpu|Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
        ]
    )  # fmt: skip
    assert {job: sight.position for job, sight in seen.items() if sight.position} == {"9": 1, "7": 1, "8": 2, "1": 3}
    stages = {job: sight.stage.value for job, sight in seen.items()}
    assert stages == {
        "9": "waiting", "7": "waiting", "8": "waiting", "1": "waiting",
        "5": "running", "4": "running", "2": "running", "3": "ended",
    }  # fmt: skip
    assert "DRAINED" in seen["1"].reason


def test_a_script_says_what_a_training_needs(
    commands: Commands, sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEM_TASK_DIR", "of the task that starts it")
    settings = Slurm(
        time_min=480, save_s=240, cpus_per_device=4, gres_per_device="gpu:a100", sbatch={"partition": "big"}
    )
    log = tmp_path / "logs" / "run 1.log"
    job = SlurmExecutor(settings).launch("a.module", ["run 1"], log, Needs("train-run1", devices=2, goes_on=True))
    assert job == SlurmJob("17")
    [script] = commands.scripts
    for line in (
        "--job-name=sem-train-run1", "--time=480", "--signal=TERM@240", "--requeue", "--partition=big",
        "--gres=gpu:a100:2", "--cpus-per-task=8", f"--output='{log}'", "--open-mode=append",
    ):  # fmt: skip
        assert f"#SBATCH {line}\n" in script
    assert f"export SEM_HOME={sem_home}\n" in script and "export OMP_NUM_THREADS=4\n" in script
    assert f"export {OWN_JOB}=${{SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}\n" in script and "unset SEM_TASK_DIR" in script
    assert "srun" in script and "-u -m a.module 'run 1'\n" in script
    assert "[ $status -ne 143 ] || scontrol requeue $SLURM_JOB_ID\n" in script
    assert "submitted.pkl" not in script and "wckey" not in script


def test_more_copies_than_an_array_may_have_become_several(commands: Commands, tmp_path: Path) -> None:
    started = SlurmExecutor(Slurm()).launch_copies(13, "a.module", [], tmp_path / "log.txt")
    assert len(started) == 3
    arrays = [line for script in commands.scripts for line in script.splitlines() if "--array" in line]
    assert arrays == ["#SBATCH --array=0-4", "#SBATCH --array=0-3", "#SBATCH --array=0-3"]
    assert "--no-requeue" in commands.scripts[0] and "scontrol requeue" not in commands.scripts[0]
    assert "log-%A-%a.txt" in commands.scripts[0]


def test_what_slurm_refuses_is_said_and_nothing_waits_for_it(commands: Commands, sem_home: Path) -> None:
    commands.answer("sbatch", 'echo "sbatch: error: invalid partition specified: big" >&2; exit 1')
    run_id = create_run("sem", "a run", "training", {}, {})
    with pytest.raises(UserError, match="invalid partition specified: big"):
        control.submit(run_id, executor="slurm")
    assert get_run(run_id).status == "FAILED" and "invalid partition" in get_run(run_id).tags[Tag.REASON]
    assert queue.active_jobs() == []


def test_a_job_is_lost_only_where_slurm_says_so(commands: Commands) -> None:
    commands.queue("16|RUNNING|cpu|None")
    assert SlurmJob("16").is_alive()
    commands.queue("16|RUNNING|cpu|None", "17|PENDING|cpu|Resources")
    assert SlurmJob("17").is_alive(), "younger than the last answer"
    assert SlurmJob("17").waits() == "position 1 in SLURM's queue (SLURM job 17: Resources)"
    commands.answer("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    assert SlurmJob("18").is_alive() and "does not answer" in SlurmJob("18").waits()
    commands.queue("17|OUT_OF_MEMORY|cpu|None")
    assert SlurmJob("17").end() == "SLURM job 17 ended as OUT_OF_MEMORY"
    asked = len(commands.calls)
    assert not SlurmJob("17").is_alive() and len(commands.calls) == asked, "what has ended is not asked for again"
    commands.queue()
    assert not SlurmJob("18").is_alive() and SlurmJob("18").end() == "SLURM job 18 ended"


def test_one_answer_serves_all_pages(commands: Commands) -> None:
    commands.queue("16|RUNNING|cpu|None", "17|PENDING|cpu|Resources")
    for _ in range(5):
        assert SlurmJob("16").is_alive() and SlurmJob("17").waits()
    assert len(commands.calls) == 1


def test_the_queue_of_slurm_and_that_of_the_machine_are_apart(commands: Commands, sem_home: Path) -> None:
    commands.queue("17|PENDING|cpu|Resources")
    for run_id in ("theirs", "ours"):
        queue.enqueue(run_id)
    queue.hand_over("theirs", SlurmJob("17"))
    queue.sign_in("ours", this_process())
    assert [(job.run_id, job.place) for job in queue.active_jobs()] == [
        ("theirs", "position 1 in SLURM's queue (SLURM job 17: Resources)"),
        ("ours", "position 1 in the queue"),
    ]
    assert queue.position("theirs") is None and queue.position("ours") == 1
    assert queue.claim("ours", "cpu")
    queue.enqueue("theirs")
    assert queue.find("theirs").slurm_job is None, "queued again for this machine"


def test_a_training_that_slurm_stops_waits_for_it_and_a_cancelled_one_does_not(
    commands: Commands, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OWN_JOB, "17")
    commands.queue("17|RUNNING|cpu|None")
    with WorkerSession("a") as session:
        assert session.wait_for_slot() and queue.find("a").slot == "SLURM job 17"
        os.kill(os.getpid(), signal.SIGTERM)
        assert session.should_stop() and session.may_come_again() and session.come_again()
    assert queue.find("a").state == "waiting" and "scontrol requeue 17" in commands.calls
    commands.queue("17|PENDING|cpu|BeginTime")
    assert queue.find("a").alive
    with WorkerSession("a") as session:
        queue.request_cancel("a")
        assert not session.wait_for_slot() and not session.may_come_again()
    assert queue.find("a").state == "ended"
    monkeypatch.setattr(slurm_client, "_queue", SlurmQueue())
    commands.queue("17|COMPLETING|cpu|None")
    with WorkerSession("b") as session:
        assert session.wait_for_slot() and not session.may_come_again(), "cancelled in SLURM"
    commands.queue("17|RUNNING|cpu|None")
    commands.answer("scontrol", "exit 1")
    with WorkerSession("c") as session:
        assert session.wait_for_slot() and session.may_come_again() and not session.come_again()
    assert queue.find("c").state == "ended"


def test_a_run_that_slurm_queued_again_by_itself_waits_unless_it_has_begun_already(
    commands: Commands, sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run("sem", "a run", "training", {}, {})
    gone, here = Process("node1", 7, 1.0), Process("node2", 8, 2.0)
    queue.enqueue(run_id)
    queue.hand_over(run_id, SlurmJob("17"))
    queue.sign_in(run_id, gone)
    queue.begin(run_id, "SLURM job 17")
    commands.queue("17|PENDING|cpu|BeginTime")
    assert control.reconcile() == []
    assert get_run(run_id).status == "SCHEDULED" and get_run(run_id).tags[Tag.REASON] == control.REQUEUED
    assert queue.find(run_id).state == "waiting"
    queue.sign_in(run_id, here)
    queue.begin(run_id, "SLURM job 17")
    assert not queue.wait_again(run_id, gone)
    assert queue.find(run_id).state == "running"
    commands.queue()
    monkeypatch.setattr(slurm_client, "_queue", SlurmQueue())
    assert control.reconcile() == [run_id]
    assert get_run(run_id).tags[Tag.REASON] == f"SLURM job 17 ended {control.LOST}"


def test_a_task_waits_in_slurm_and_is_withdrawn(commands: Commands, sem_home: Path) -> None:
    write_lab(sem_home, '\n[slurm]\nuse_for = ["predict"]\n')
    commands.queue("17|PENDING|cpu|Priority")
    task = start_task(PredictRequest(model="baseline:bicubic", inputs=(sem_home,), out=sem_home / "out"))
    state = task_state(task)
    assert (state.status, state.is_live) == ("waiting", True)
    assert state.place == "position 1 in SLURM's queue (SLURM job 17: Priority)"
    assert [(work.state, work.place) for work in recent_work(local_person()).own] == [("waiting", state.place)]
    assert f"pipelines.jobs.run_task {home().tasks / task}" in commands.scripts[0]
    commands.answer("scancel", f": > {commands.folder}/queue")
    cancel_task(task)
    assert task_state(task).status == "cancelled" and (home().tasks / task / TaskFile.ENDED).exists()
    assert commands.calls[-2:] == ["scancel --state=PENDING 17", commands.calls[-1]]


def test_a_lost_task_shows_the_last_words_of_its_log(commands: Commands, sem_home: Path) -> None:
    write_lab(sem_home, '\n[slurm]\nuse_for = ["predict"]\n')
    task = start_task(PredictRequest(model="baseline:bicubic", inputs=(sem_home,), out=sem_home / "out"))
    commands.queue("17|TIMEOUT|cpu|None")
    (home().tasks / task / TaskFile.LOG).write_text("slurmstepd: error: *** CANCELLED DUE TO TIME LIMIT ***\n")
    state = task_state(task)
    assert state.status == "failed" and "TIME LIMIT" in str(state.error)


def test_the_lab_and_the_request_choose_where_work_runs(sem_home: Path) -> None:
    assert isinstance(executor_for("train"), LocalExecutor)
    assert isinstance(executor_for("train", "slurm"), SlurmExecutor)
    write_lab(sem_home)
    with pytest.raises(UserError, match=r"section \[slurm\] of lab.toml"):
        executor_for("train", "slurm")
    write_lab(sem_home, "\n[slurm]\ntime_min = 60\n")
    assert isinstance(executor_for("train"), SlurmExecutor)
    assert isinstance(executor_for("train", "local"), LocalExecutor)
    assert isinstance(executor_for("evaluate"), LocalExecutor)
