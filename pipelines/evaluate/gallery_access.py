"""Who may look at the test images behind scores: a shared run shows its scores, a shared dataset its images."""

from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from pipelines.data.find import dataset_folder
from pipelines.people.dataset_owner import dataset_ownership
from pipelines.people.permissions import Action, may
from pipelines.people.person import Person
from sem_models.datasets.dataset import MANIFEST, digest_of
from sem_models.datasets.manifest import Manifest
from sem_models.errors import UserError
from sem_models.evaluation.report import EvaluationReport


def require_test_images(report: EvaluationReport, by: Person) -> None:
    """Refuse the test images of a report, also as they come out of a model, to whom their dataset is not shown.

    Raises:
        UserError: The dataset belongs to somebody else who has not shared it, or is no longer there as it was scored,
            so that nobody can tell who may see what was computed of it.
    """
    if by.at_least("admin"):
        return
    if not may(by, Action.SEE, dataset_ownership(report.dataset)):
        raise UserError(
            f"These test images are of dataset {report.dataset}, which is not shared with you; its owner can share it "
            "on the Data page. Scores are shown without it."
        )
    if _digest_of(report.dataset) != report.digest:
        raise UserError(
            f"Dataset {report.dataset} is no longer as it was when these runs were scored on it, so that its images "
            "are not shown; score the runs again."
        )


def _digest_of(name: str) -> str | None:
    """Return the content digest of the dataset that has a name now; None where there is none."""
    path = dataset_folder(name) / MANIFEST
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValidationError):
        return None


@lru_cache(maxsize=64)
def _read(path: Path, changed_ns: int) -> str:  # noqa: ARG001  (a dataset that was prepared again is read again)
    return digest_of(Manifest.model_validate_json(path.read_text()))
