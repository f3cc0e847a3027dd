"""Letting the lab see a run or a dataset, which otherwise only its owner and admins see."""

from pipelines.people.audit import record
from pipelines.people.dataset_owner import dataset_ownership, set_dataset_shared
from pipelines.people.permissions import Action, require
from pipelines.people.person import Person
from pipelines.tracking.runs import get_run, set_run_shared


def share_run(run_id: str, shared: bool, by: Person) -> None:
    """Let the lab see a run, or no longer; raises `UserError` where it belongs to somebody else."""
    require(by, Action.CHANGE, get_run(run_id).ownership, f"Run {run_id}")
    set_run_shared(run_id, shared)
    record(by, "share" if shared else "stop sharing", f"run {run_id}")


def share_dataset(name: str, shared: bool, by: Person) -> None:
    """Let the lab see a dataset, or no longer; raises `UserError` where it belongs to somebody else."""
    require(by, Action.CHANGE, dataset_ownership(name), f"Dataset {name}")
    set_dataset_shared(name, shared)
    record(by, "share" if shared else "stop sharing", f"dataset {name}")
