"""What an executor has started, as a task and the queue keep it: a process, or a job of SLURM."""

from collections.abc import Mapping
from typing import Any

from pipelines.jobs.liveness import Process
from pipelines.jobs.slurm_client import SlurmJob

Started = Process | SlurmJob


def to_json(started: Started) -> dict[str, Any]:
    """Return what `from_json` reads."""
    if isinstance(started, SlurmJob):
        return {"slurm_job": started.job_id}
    return {"host": started.host, "pid": started.pid, "started": started.started}


def from_json(content: Mapping[str, Any]) -> Started:
    """Read what `to_json` gave."""
    if "slurm_job" in content:
        return SlurmJob(content["slurm_job"])
    return Process(content["host"], content["pid"], content["started"])
