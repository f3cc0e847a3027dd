"""Use case: apply a model to very many files in several jobs at once, which share the ledger of the output folder."""

import json
import signal
import time
from collections.abc import Sequence

from pipelines.jobs.choice import executor_for
from pipelines.jobs.executor import Executor, Needs
from pipelines.jobs.started import Started
from pipelines.people.acting import acting_person
from pipelines.predict.files import Stack, input_stacks
from pipelines.predict.ledger import NAME, Ledger
from pipelines.predict.many import ManyResult, asked_of, predict_many
from pipelines.predict.requests import PredictManyRequest
from sem_models.errors import UserError
from sem_models.progress import Progress, silent

FOLDER = ".jobs"
"""Beside the ledger: the request that all jobs read, and what each of them wrote."""
_MEMBER = "pipelines.predict.member"
_POLL_S = 2.0


def predict_in_jobs(request: PredictManyRequest, progress: Progress = silent) -> ManyResult:
    """Start `request.jobs` jobs and follow the ledger until every file is settled; a single one is this process.

    What jobs leave that were killed, others do, or those of the next round. Interrupted, this process ends its jobs.

    Raises:
        UserError: As `predict_many`, or all jobs have ended without having settled a file.
    """
    if request.jobs == 1:
        return predict_many(request, progress)
    executor, stacks = executor_for(request.use_case, request.executor), input_stacks(request).stacks
    ledger = Ledger(request.out, asked_of(request))
    try:
        return _Watch(ledger, request, progress, executor).until_settled(stacks)
    finally:
        ledger.close()


class _Watch:
    def __init__(self, ledger: Ledger, request: PredictManyRequest, progress: Progress, executor: Executor) -> None:
        self._ledger, self._request, self._progress, self._executor = ledger, request, progress, executor
        self._folder = request.out / FOLDER
        self._total = 0

    def until_settled(self, stacks: Sequence[Stack]) -> ManyResult:
        self._total = len(stacks)
        first = missing = self._missing(stacks)
        while missing:
            left = self._round(missing)
            if len(left) == len(missing):
                raise UserError(f"No job has done anything; the last one said: {self._last_words()}")
            missing = left
        records = [self._ledger.settled(stack[0], self._request.retry_failed) for stack in first]
        failed = sum(bool(record and record.error) for record in records)
        return ManyResult(self._request.out / NAME, len(first) - failed, failed, len(stacks) - len(first))

    def _round(self, missing: Sequence[Stack]) -> list[Stack]:
        """Start jobs and follow them to their end; return what is still to be done."""
        jobs = self._start(min(self._request.jobs, len(missing)))
        try:
            left = list(missing)
            while left and any(job.is_alive() for job in jobs):
                time.sleep(_POLL_S)
                left = self._missing(left)
                self._progress(self._total - len(left), self._total, "files")
            return self._missing(left)
        except BaseException:
            for job in jobs:
                job.interrupt(signal.SIGINT)
            raise

    def _start(self, count: int) -> list[Started]:
        self._folder.mkdir(exist_ok=True)
        asked = self._request.model_copy(update={"jobs": 1}).model_dump(mode="json")
        path, part = self._folder / "request.json", self._folder / "request.part"
        part.write_text(json.dumps({"request": asked, "person": acting_person().to_json()}))
        part.replace(path)
        needs = Needs(self._request.use_case, goes_on=True)
        return self._executor.launch_copies(count, _MEMBER, [str(path)], self._folder / "log.txt", needs)

    def _missing(self, stacks: Sequence[Stack]) -> list[Stack]:
        return [stack for stack in stacks if self._ledger.settled(stack[0], self._request.retry_failed) is None]

    def _last_words(self) -> str:
        logs = sorted(self._folder.glob("log*.txt"), key=lambda path: path.stat().st_mtime)
        lines = logs[-1].read_text(errors="replace").split("\n") if logs else []
        return next((line for line in reversed(lines) if line.strip()), f"nothing. Look into {self._folder}.")
