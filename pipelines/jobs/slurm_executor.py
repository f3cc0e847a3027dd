"""Work as jobs of SLURM: each becomes a batch script that submitit writes and hands in."""

import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.home import TASK_FOLDER, home
from pipelines.jobs.executor import NOTHING_SPECIAL, Needs, own_environment
from pipelines.jobs.slurm_client import OWN_JOB, SlurmJob, largest_array
from pipelines.jobs.started import Started
from pipelines.people.lab import Slurm
from sem_models.errors import UserError

_COMES_AGAIN = ["status=$?", "[ $status -ne 143 ] || scontrol requeue $SLURM_JOB_ID", "exit $status"]
"""End of a script: what SLURM stopped before it could listen, while modules were loaded, starts again."""


class SlurmExecutor:
    """Hands work in at SLURM. Home folder, program and datasets must lie at the same paths on all nodes."""

    def __init__(self, settings: Slurm) -> None:
        """Hold the settings of the lab."""
        self._settings = settings

    def launch(self, module: str, arguments: Sequence[str], log: Path, needs: Needs = NOTHING_SPECIAL) -> SlurmJob:
        """See `Executor`."""
        return self._submit(module, arguments, log, parameters(self._settings, log, needs))

    def launch_copies(
        self, count: int, module: str, arguments: Sequence[str], log: Path, needs: Needs = NOTHING_SPECIAL
    ) -> list[Started]:
        """See `Executor`; several arrays where there are more than one array may have."""
        log = log.with_stem(f"{log.stem}-%A-%a")
        common = parameters(self._settings, log, needs)
        jobs: list[Started] = []
        for size in array_sizes(count, largest_array()):
            options = {**common["additional_parameters"], "array": f"0-{size - 1}"}
            jobs.append(self._submit(module, arguments, log, {**common, "additional_parameters": options}))
        return jobs

    def _submit(self, module: str, arguments: Sequence[str], log: Path, job: dict[str, Any]) -> SlurmJob:
        try:
            import submitit
            from submitit.core.utils import FailedJobError, FailedSubmissionError
        except ImportError as error:
            raise UserError("Jobs of SLURM need the extra `slurm`: pip install 'sem-workbench[slurm]'.") from error
        log.parent.mkdir(parents=True, exist_ok=True)
        command = shlex.join([sys.executable, "-u", "-m", module, *arguments])
        # SLURM keeps a copy of the script.
        with tempfile.TemporaryDirectory() as folder:
            try:
                executor = submitit.SlurmExecutor(folder)
                executor.update_parameters(**job)
                # Not `submit`, which pickles a function: nothing of ours is ever loaded from a pickle.
                return SlurmJob(executor._submit_command(command).job_id)
            except (FailedJobError, FailedSubmissionError, RuntimeError) as error:
                raise UserError(f"SLURM did not take the job: {' '.join(str(error).split())}") from error


def parameters(settings: Slurm, log: Path, needs: Needs) -> dict[str, Any]:
    """Return what submitit writes into the script of a job."""
    cpus = settings.cpus_per_device * needs.devices
    options = {
        "output": str(log),
        # To the processes of the job, a while before its time is over; when it is preempted, SLURM sends the same one.
        "signal": f"TERM@{settings.save_s}",
        ("requeue" if needs.goes_on else "no-requeue"): True,
        **settings.sbatch,
    }
    if settings.gres_per_device:
        options["gres"] = f"{settings.gres_per_device}:{needs.devices}"
    return {
        "job_name": f"sem-{needs.name}",
        "time": settings.time_min,
        "cpus_per_task": cpus,
        "wckey": None,
        "setup": _setup(settings.cpus_per_device),
        "teardown": _COMES_AGAIN if needs.goes_on else None,
        "stderr_to_stdout": True,
        "srun_args": [f"--output={log}", "--open-mode=append", f"--cpus-per-task={cpus}"],
        "additional_parameters": options,
    }


def array_sizes(count: int, largest: int) -> list[int]:
    """Divide a number of equal jobs into as few arrays as possible, of nearly equal sizes.

    Args:
        count: Number of jobs, at least 1.
        largest: How many jobs an array may have.
    """
    arrays = -(-count // largest)
    return [count // arrays + (index < count % arrays) for index in range(arrays)]


def _setup(threads: int) -> list[str]:
    exported = {**own_environment(), "OMP_NUM_THREADS": str(threads)}
    return [
        *(f"export {name}={shlex.quote(value)}" for name, value in exported.items()),
        f"export {OWN_JOB}=${{SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}",
        f"unset {TASK_FOLDER}",
        f"cd {shlex.quote(str(home().root))}",
    ]
