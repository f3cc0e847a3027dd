"""Which executor runs a piece of work."""

from typing import Literal

from pipelines.jobs.executor import Executor, LocalExecutor
from pipelines.jobs.slurm_executor import SlurmExecutor
from pipelines.people.lab import Slurm, find_lab
from sem_models.errors import UserError

ExecutorName = Literal["local", "slurm"]
EXECUTOR = "Where background work runs: local, or as jobs of SLURM; without it as the lab has set it, else local."


def is_slurm_default(use_case: str) -> bool:
    """Tell whether the lab runs a use case as jobs of SLURM unless a request says otherwise."""
    lab = find_lab()
    return bool(lab and lab.slurm and use_case in lab.slurm.use_for)


def executor_for(use_case: str, asked: ExecutorName | None = None) -> Executor:
    """Return the executor that a request asks for, else that of the lab for this use case.

    Raises:
        UserError: The lab has no SLURM.
    """
    if (asked or ("slurm" if is_slurm_default(use_case) else "local")) == "local":
        return LocalExecutor()
    lab = find_lab()
    if lab and lab.slurm is None:
        raise UserError("This lab has no SLURM; its administrator can set it up in the section [slurm] of lab.toml.")
    return SlurmExecutor(lab.slurm if lab and lab.slurm else Slurm())
