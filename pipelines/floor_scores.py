"""Scores of floors, kept: they are the same for every model on the same images, and take two thirds of the time."""

import contextlib
import hashlib
import json
import tempfile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipelines.home import home
from sem_models.data.dataset import Dataset
from sem_models.data.manifest import Split
from sem_models.evaluation.evaluate import describe_input
from sem_models.evaluation.metrics import METRICS
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.physics.degradation import Degradation

_ROWS = TypeAdapter(tuple[Row, ...])
_VERSION = 1
"""Raised whenever a score is computed in another way under its old name."""


def kept_floor_rows(dataset: Dataset, split: Split, degradation: Degradation) -> tuple[Row, ...]:
    """Rows of an earlier evaluation on the same images with the same scores; empty where there was none."""
    try:
        return _ROWS.validate_json(_file(dataset, split, degradation).read_bytes())
    except (OSError, ValidationError):
        return ()


def keep_floor_rows(dataset: Dataset, split: Split, degradation: Degradation, report: EvaluationReport) -> None:
    """Keep the rows of the floors; not where a score is missing today that may be there tomorrow."""
    rows = tuple(row for row in report.rows if row.method.startswith("floor:") and row.method != report.model)
    if report.notes or not rows:
        return
    path = _file(dataset, split, degradation)
    # Several evaluations may end at once, and what is only kept for speed must never cost one of them.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(_ROWS.dump_json(rows))
        Path(part.name).replace(path)


def _file(dataset: Dataset, split: Split, degradation: Degradation) -> Path:
    # The deconvolutions are told the blur, which the description of pairs does not name.
    blur = degradation.blur and degradation.blur.model_dump_json()
    inputs = [describe_input(dataset, degradation), blur, degradation.scale]
    facts = [_VERSION, dataset.digest, split, *inputs, list(METRICS)]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]
    return home().work / "floors" / f"{key}.json"
