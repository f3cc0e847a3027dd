"""Trainings as jobs of a real SLURM: to the end, cancelled, held back, killed, preempted, out of time."""

import os
import signal
from pathlib import Path

import pytest

from pipelines.home import home
from pipelines.jobs import control, queue
from pipelines.jobs.control import log_file
from pipelines.tracking.keys import Tag
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.runs import get_run
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.recipe import Recipe
from sem_models.training.checkpoint import load_state
from tests.support.lab import write_lab
from tests.support.slurm import Cluster, state_of, told, until

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("small_dataset"), pytest.mark.timeout(1800)]


def submitted(recipe: Recipe) -> tuple[str, str]:
    """Hand a new run in at SLURM; returns its id and the number of its job."""
    run_id = create_training(recipe, "small")
    control.submit(run_id, executor="slurm")
    return run_id, get_run(run_id).tags[Tag.SLURM_JOB]


def is_training(run_id: str) -> bool:
    return get_run(run_id).status == "RUNNING" and bool(metric_history(run_id, "lr"))


def steps_of(run_id: str) -> list[int]:
    return [step for step, _ in metric_history(run_id, "lr")]


def saved_step(run_id: str) -> int:
    return int(load_state(home().work / run_id / "checkpoint-last")["progress"]["step"])


def test_a_job_trains_to_the_end_with_the_result_of_a_local_training(on_slurm: Cluster, tiny_recipe: Recipe) -> None:
    run_id, job = submitted(tiny_recipe)
    until(lambda: get_run(run_id).status == "FINISHED")
    local = create_training(tiny_recipe, "small")
    run_training(local)
    assert metric_history(run_id, "train/charbonnier") == metric_history(local, "train/charbonnier")
    until(lambda: state_of(job) == "COMPLETED")
    assert queue.active_jobs() == []
    assert control.reconcile() == []
    assert log_file(run_id).exists()


def test_a_running_job_is_cancelled_with_its_state_saved_and_resumed_as_a_new_job(
    on_slurm: Cluster, long_recipe: Recipe
) -> None:
    run_id, job = submitted(long_recipe)
    until(lambda: is_training(run_id))
    [live] = queue.active_jobs()
    assert (live.state, live.slot, live.is_local) == ("running", f"SLURM job {job}", False)
    until(lambda: queue.active_jobs()[0].step > 0)
    control.cancel(run_id)
    until(lambda: get_run(run_id).status == "KILLED")
    stopped = saved_step(run_id)
    until(lambda: state_of(job) in ("FAILED", "CANCELLED"))
    control.resume(run_id, executor="slurm")
    assert get_run(run_id).tags[Tag.SLURM_JOB] != job
    until(lambda: max(steps_of(run_id)) > stopped)
    control.cancel(run_id)
    until(lambda: get_run(run_id).status == "KILLED")
    assert steps_of(run_id) == list(range(1, len(steps_of(run_id)) + 1))


def test_on_a_drained_node_a_job_waits_says_why_and_can_be_withdrawn(on_slurm: Cluster, tiny_recipe: Recipe) -> None:
    on_slurm.drain()
    try:
        (first, job), (second, _) = submitted(tiny_recipe), submitted(tiny_recipe)
        until(lambda: "DRAINED" in queue.active_jobs()[0].place)
        places = [live.place for live in queue.active_jobs()]
        assert places[0].startswith(f"position 1 in SLURM's queue (SLURM job {job}: ")
        assert places[1].startswith("position 2 in SLURM's queue")
        assert [get_run(run_id).status for run_id in (first, second)] == ["SCHEDULED", "SCHEDULED"]
        assert control.reconcile() == []
        control.cancel(second)
        assert (get_run(second).status, get_run(second).tags[Tag.REASON]) == ("KILLED", control.WITHDRAWN)
    finally:
        on_slurm.release()
    until(lambda: get_run(first).status == "FINISHED")
    assert [live.run_id for live in queue.active_jobs()] == []


def test_a_killed_job_is_noticed_and_can_be_resumed(on_slurm: Cluster, long_recipe: Recipe) -> None:
    run_id, job = submitted(long_recipe)
    until((home().work / run_id / "checkpoint-last").exists)
    found = queue.find(run_id)
    assert found
    os.kill(found.process.pid, signal.SIGKILL)
    until(lambda: state_of(job) == "FAILED")
    assert control.reconcile() == [run_id]
    assert get_run(run_id).status == "FAILED"
    assert get_run(run_id).tags[Tag.REASON] == f"SLURM job {job} ended as FAILED {control.LOST}"
    stopped = saved_step(run_id)
    control.resume(run_id, executor="slurm")
    until(lambda: is_training(run_id) and max(steps_of(run_id)) > stopped)


def test_a_preempted_job_saves_its_state_is_queued_again_and_goes_on(on_slurm: Cluster, long_recipe: Recipe) -> None:
    run_id, job = submitted(long_recipe)
    until(lambda: is_training(run_id))
    told("sbatch", "--partition=high", "--cpus-per-task=4", "--wrap=sleep 5", "--output=/dev/null")
    until(lambda: get_run(run_id).status == "SCHEDULED")
    stopped = saved_step(run_id)
    assert queue.find(run_id).state == "waiting"
    assert stopped == max(steps_of(run_id))
    on_slurm.hurry(job)
    until(lambda: is_training(run_id) and max(steps_of(run_id)) > stopped + 5)
    assert get_run(run_id).tags[Tag.SLURM_JOB] == job
    control.cancel(run_id)
    until(lambda: get_run(run_id).status == "KILLED")
    assert steps_of(run_id) == list(range(1, len(steps_of(run_id)) + 1))
    assert not [key for key in get_run(run_id).tags if key.startswith(Tag.WARNING)]


def test_the_death_of_the_controller_loses_nothing(on_slurm: Cluster, long_recipe: Recipe, tiny_recipe: Recipe) -> None:
    running, job = submitted(long_recipe)
    until(lambda: is_training(running))
    on_slurm.drain()
    waiting, _ = submitted(tiny_recipe)
    on_slurm.kill_controller()
    before = max(steps_of(running))
    assert control.reconcile() == []
    assert [live.run_id for live in queue.active_jobs()] == [running, waiting]
    assert "SLURM does not answer" in queue.active_jobs()[1].place
    until(lambda: max(steps_of(running)) > before + 10)
    on_slurm.start_controller()
    on_slurm.release()
    until(lambda: get_run(waiting).status == "FINISHED")
    assert control.reconcile() == []
    assert state_of(job) == "RUNNING"
    control.cancel(running)
    until(lambda: get_run(running).status == "KILLED")
    assert steps_of(running) == list(range(1, len(steps_of(running)) + 1))


def test_a_training_that_takes_longer_than_a_job_goes_on_in_the_next_one(
    on_slurm: Cluster, long_recipe: Recipe, sem_home: Path
) -> None:
    write_lab(sem_home, "\n[slurm]\ntime_min = 2\nsave_s = 30\n")
    run_id = create_training(long_recipe, "small")
    control.submit(run_id)
    job = get_run(run_id).tags[Tag.SLURM_JOB]
    until(lambda: is_training(run_id))
    until(lambda: get_run(run_id).status == "SCHEDULED")
    stopped = saved_step(run_id)
    on_slurm.hurry(job)
    until(lambda: is_training(run_id) and max(steps_of(run_id)) > stopped + 5)
    control.cancel(run_id)
    until(lambda: get_run(run_id).status == "KILLED")
    assert steps_of(run_id) == list(range(1, len(steps_of(run_id)) + 1))
