"""Where pages put the results of a model, and which results there are."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.jobs.tasks import TaskState
from pipelines.model_ref import ModelRef
from pipelines.predict.requests import PredictRequest
from pipelines.viewing.archive import Archive, below
from sem_models.counts import counted
from sem_models.images.provenance import SOFTWARE

SETTINGS = "settings.json"
"""What was asked and what came of it, beside the files of a download."""
_SINGLE = ("output", "std", "abstention")
_SEVERAL = "samples"


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


def packed_results(state: TaskState) -> Archive:
    """Return all files that a task has made, under their own names, with what was asked and what came of each input."""
    asked = dict(state.request)
    results: list[dict[str, Any]] = (state.result or {})["results"]
    out = Path(asked["out"])
    files = below(out, [path for result in results for path in result_files(result)])
    told = {"program": SOFTWARE, "use_case": state.use_case, "request": asked, "results": results}
    return Archive(f"{out.name}.zip", files, {SETTINGS: json.dumps(told, indent=1) + "\n"})


def result_files(result: Mapping[str, Any]) -> list[Path]:
    """List the files of one result: the output, and the maps or samples beside it."""
    single = [result[key] for key in _SINGLE if result.get(key)]
    return [Path(path) for path in (*single, *result.get(_SEVERAL, ()))]


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
