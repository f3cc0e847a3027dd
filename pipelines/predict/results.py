"""Where pages put the results of a model, and which results there are."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.jobs.tasks import TaskState
from pipelines.model_ref import ModelRef
from pipelines.predict.requests import PredictRequest
from sem_models.counts import counted


@dataclass(frozen=True)
class RecentResult:
    """An application of a model that has ended well."""

    task_id: str
    title: str
    """The name of the file, or how many files there were."""
    model: str
    started: float
    """Seconds of the epoch."""


def new_result_folder(parent: Path, model: ModelRef) -> Path:
    """Name a folder below `parent` for the results of a model; it is not made yet."""
    label = str(model).replace("models:/", "").replace("/", "-").replace(":", "-")
    return parent / f"{time.strftime('%Y%m%d-%H%M%S')}-{label}"


def recent_results(tasks: Sequence[TaskState], most: int) -> list[RecentResult]:
    """Find among tasks, newest first, the latest applications of models that gave at least one result."""
    found = [result for task in tasks if (result := _result(task))]
    return found[:most]


def _result(task: TaskState) -> RecentResult | None:
    if task.use_case != PredictRequest.use_case or task.status != "done" or not task.result:
        return None
    outputs = [one for one in task.result.get("results", ()) if one.get("output")]
    if not outputs:
        return None
    return RecentResult(task.task_id, _title(outputs), str(task.request.get("model", "")), task.started)


def _title(outputs: Sequence[dict[str, object]]) -> str:
    first = Path(str(outputs[0]["source"])).name
    return first if len(outputs) == 1 else f"{first} and {counted(len(outputs) - 1, 'more result')}"
