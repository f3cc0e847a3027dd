"""Use case: apply a model to very many files, in several processes, with a ledger of what became of each file.

Start the same request as often as there are processors, on all machines that see the folder: each process takes the
next file that nobody has. Stopped or killed, it can be started again and does only what is missing.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.predict.batch import LastingNames, process_item
from pipelines.predict.files import Application, Prediction, Stack, application, input_stacks, lost_files
from pipelines.predict.ledger import NAME, Ledger, Record
from pipelines.predict.requests import PredictManyRequest
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class ManyResult:
    """What one process did, and what the ledger knew without it."""

    ledger: Path
    done: int
    failed: int
    by_others: int
    """Files that another process or an earlier start has done, or failed at."""


def predict_many(request: PredictManyRequest, progress: Progress = silent) -> ManyResult:
    """Apply a model to all files that are not settled yet; return when every file is.

    A file with a page that cannot be used has failed; its other pages are written. Results are named alike in all
    processes (`LastingNames`).

    Raises:
        UserError: There is no such model, no input was found, or the folder for results is in use for something else.
    """
    found = input_stacks(request)
    ledger = Ledger(request.out, asked_of(request))
    try:
        work = application(request, LastingNames(request.out, found.files))
        for lost in lost_files(found):
            with ledger.claimed(Path(lost.source), wait=True):
                if ledger.settled(Path(lost.source)) is None:
                    ledger.append(_record(Path(lost.source), [lost], 0.0))
        return _Worker(ledger, work, request, progress).run(found.stacks)
    finally:
        ledger.close()


_LATER = ("ensemble", "std")
"""Fields that ledgers of earlier versions do not have; they are left out where they ask for nothing."""


def asked_of(request: PredictManyRequest) -> dict[str, Any]:
    """Return what all results of a ledger have in common, however often and wherever they were asked for."""
    fields = type(request).model_fields
    absent = {name for name in _LATER if getattr(request, name) == fields[name].default}
    return request.model_dump(mode="json", exclude={"inputs", "out", "retry_failed", "jobs", "executor", *absent})


@dataclass(frozen=True)
class _Worker:
    ledger: Ledger
    work: Application
    request: PredictManyRequest
    progress: Progress

    def run(self, stacks: tuple[Stack, ...]) -> ManyResult:
        """Do what nobody has, then wait for what others have: if they are killed, it is done here."""
        own: list[Record] = []
        busy: list[Stack] = []
        for number, stack in enumerate(stacks):
            record = self._one(stack, wait=False)
            busy += [stack] if record is None else []
            own += [record] if isinstance(record, Record) else []
            self.progress(number + 1 - len(busy), len(stacks), "files")
        for number, stack in enumerate(busy):
            record = self._one(stack, wait=True)
            own += [record] if isinstance(record, Record) else []
            self.progress(len(stacks) - len(busy) + number + 1, len(stacks), "files")
        failed = sum(bool(record.error) for record in own)
        return ManyResult(self.request.out / NAME, len(own) - failed, failed, len(stacks) - len(own))

    def _one(self, stack: Stack, wait: bool) -> Record | bool | None:
        """Return the record of a file that was done here, true for one that was settled, None for one that is busy."""
        if self._is_settled(stack):
            return True
        with self.ledger.claimed(stack[0], wait) as claimed:
            if not claimed:
                return None
            # Somebody may have finished it between the two looks.
            if self._is_settled(stack):
                return True
            start = time.monotonic()
            record = _record(stack[0], process_item(self.work, stack, silent), time.monotonic() - start)
            self.ledger.append(record)
            return record

    def _is_settled(self, stack: Stack) -> bool:
        return self.ledger.settled(stack[0], self.request.retry_failed) is not None


def _record(file: Path, pages: list[Prediction], seconds: float) -> Record:
    errors = "; ".join(str(page.error) for page in pages if page.error)
    written = [path for page in pages for path in (page.output, page.abstention, page.std) if path]
    outputs = tuple(str(Path(path).absolute()) for path in written)
    return Record(str(file.absolute()), errors, outputs, seconds)
