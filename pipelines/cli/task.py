"""The use cases that can be carried out in the background, and the process that does so.

`main` reads the request in `task.json` of a task folder and writes `outcome.json`:
the result as the command line would print it, or the message of an error. Everything else goes to standard error.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.backup.requests import BackupRequest, LeaveRequest, ReadBackRequest, RestoreRequest
from pipelines.cli import backup, data, evaluate, measure, predict, release, study, train
from pipelines.cli.app import Output, exit_status
from pipelines.data.requests import NoiseRequest, PrepareRequest, SimulateRequest
from pipelines.evaluate.requests import (
    CompareRequest,
    DiscriminateRequest,
    DownstreamRequest,
    EvaluateRequest,
    GalleryRequest,
    MaskConsistencyRequest,
    NoReferenceRequest,
    RoundTripRequest,
)
from pipelines.home import TaskFile, home
from pipelines.jobs.admission import admit
from pipelines.people.acting import act_for
from pipelines.people.person import Person
from pipelines.predict.requests import (
    DemoRequest,
    MaskTranslationRequest,
    PredictManyRequest,
    PredictRequest,
    SynthesiseRequest,
    TranslateRequest,
)
from pipelines.release.requests import ExportRequest, ImportRequest, PromoteRequest, RegisterRequest, ServeRequest
from pipelines.request import Request
from pipelines.study.definition import StudyCreateRequest
from pipelines.train.requests import (
    FindRateRequest,
    InterpolateRequest,
    LessonRequest,
    ProbeRequest,
    ResumeRequest,
    TrainRequest,
)
from sem_models.errors import Message, UserError


@dataclass(frozen=True)
class UseCase:
    """A kind of request, and the function that carries it out."""

    carry_out: Callable[[Any, Output], int | None]
    request: type[Request]


USE_CASES: Mapping[str, UseCase] = {
    request.use_case: UseCase(carry_out, request)
    for request, carry_out in (
        (PrepareRequest, data.prepare),
        (SimulateRequest, data.simulate),
        (NoiseRequest, data.noise),
        (TrainRequest, train.train),
        (ProbeRequest, measure.probe),
        (FindRateRequest, measure.find_rate),
        (ResumeRequest, train.go_on),
        (InterpolateRequest, train.interpolate),
        (LessonRequest, train.lesson),
        (DemoRequest, predict.demo),
        (EvaluateRequest, evaluate.evaluate),
        (CompareRequest, evaluate.compare),
        (GalleryRequest, evaluate.gallery),
        (NoReferenceRequest, evaluate.judge),
        (DiscriminateRequest, evaluate.discriminate),
        (MaskConsistencyRequest, evaluate.consistency),
        (RoundTripRequest, evaluate.round_trip),
        (DownstreamRequest, evaluate.downstream),
        (PredictRequest, predict.predict),
        (PredictManyRequest, predict.predict_many),
        (SynthesiseRequest, predict.synthesise),
        (TranslateRequest, predict.translate),
        (MaskTranslationRequest, predict.bridge),
        (RegisterRequest, release.register),
        (PromoteRequest, release.promote),
        (ImportRequest, release.import_model),
        (ExportRequest, release.export),
        (ServeRequest, release.serve),
        (StudyCreateRequest, study.create),
        (BackupRequest, backup.backup),
        (RestoreRequest, backup.restore),
        (LeaveRequest, backup.leave),
        (ReadBackRequest, backup.read_back),
    )
}


class TaskOutput(Output):
    """Keeps the result for the caller, and messages as messages, which each front end puts into its own words."""

    def __init__(self) -> None:
        super().__init__(as_json=True)
        self.outcome: dict[str, Any] = {}

    def result(self, content: dict[str, Any]) -> None:
        """Keep the result until the process ends."""
        self.progress.close()
        self.outcome["result"] = content


def main(folder: Path) -> int:
    """Carry out the request of a task folder; return the exit status that the command line would give."""
    task = json.loads(home().from_portable((folder / TaskFile.REQUEST).read_text()))
    act_for(by := Person.from_json(task.get("person")))
    out = TaskOutput()
    status = exit_status(lambda: _carry_out(task, by, out))
    (folder / TaskFile.OUTCOME).write_text(json.dumps(out.outcome, default=_for_json))
    return status


def _carry_out(task: Mapping[str, Any], by: Person, out: TaskOutput) -> int | None:
    use_case = USE_CASES[task["use_case"]]
    try:
        request = use_case.request.model_validate(task["request"])
        admit(request, by)  # again: files, rights and settings of the lab may have changed since it was asked for
        return use_case.carry_out(request, out)
    except UserError as error:
        out.outcome["error"] = error.message
        raise


def _for_json(thing: object) -> Any:
    return thing.to_json() if isinstance(thing, Message) else str(thing)
