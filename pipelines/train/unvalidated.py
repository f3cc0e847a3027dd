"""What to do with a run that has no best checkpoint, because it has not been validated yet."""

from pathlib import Path

from pipelines.tracking.address import is_embedded
from pipelines.tracking.artifacts import fetch, fetched, list_files
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.runs import RunInfo
from sem_models.errors import UserError
from sem_models.inference.model_folder import CHECKPOINT, read_facts

_LAST = Artifact.checkpoint("last")


def refuse_unvalidated(run: RunInfo) -> None:
    """Raise `UserError` where a training has no best checkpoint, and say how to get one or what can be used instead."""
    stored = list_files(run.run_id, Artifact.CHECKPOINTS)
    if Artifact.BEST in stored:
        return
    if run.status in ("RUNNING", "SCHEDULED"):
        raise UserError(f"Run {run.run_id} has no model yet; wait for its first validation.")
    if _LAST in stored:
        raise UserError(
            f"Run {run.run_id} was stopped before its first validation{_step(run.run_id)} and has no best checkpoint. "
            f"Resume the run; or load its last checkpoint, which no validation has scored, {_place(run.run_id)}."
        )
    reason = run.tags.get(Tag.REASON, "").rstrip(".")
    why = f" ({reason})" if reason else ""
    raise UserError(f"Run {run.run_id} ended before its first checkpoint{why}. Resume it, or start a new run.")


def _step(run_id: str) -> str:
    """Return ` at step 12`; nothing for a checkpoint of a version that did not record it."""
    if f"{_LAST}/{CHECKPOINT}" not in list_files(run_id, _LAST):
        return ""
    with fetched(run_id, _LAST, (CHECKPOINT,)) as folder:
        facts = read_facts(folder)
    return f" at step {facts.step}" if facts else ""


def _place(run_id: str) -> str:
    if is_embedded():
        return f"with sem_models.load_model from {Path(fetch(run_id, _LAST))}"
    return f"with sem_models.load_model from {_LAST} among the files of the run"
