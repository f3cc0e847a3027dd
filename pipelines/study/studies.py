"""The stored studies, with their definition, their key and their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipelines.study.definition import Item, StudyDefinition, StudyKey, Trial
from pipelines.tracking.artifacts import fetched, get_text
from pipelines.tracking.keys import Artifact, Experiment
from pipelines.tracking.runs import RunInfo, list_runs
from sem_models.errors import UserError


@dataclass(frozen=True)
class Study:
    """A study as it is stored."""

    run_id: str
    definition: StudyDefinition
    key: StudyKey

    @cached_property
    def items(self) -> dict[str, Item]:
        """By opaque name."""
        return {item.id: item for item in self.key.items}

    @cached_property
    def trials(self) -> dict[str, Trial]:
        """By opaque name."""
        return {trial.id: trial for trial in self.key.trials}


def list_studies() -> list[RunInfo]:
    """List the runs of all complete studies, newest first."""
    return [run for run in list_runs(Experiment.STUDIES, "study") if run.status == "FINISHED"]


def open_study(text: str) -> Study:
    """Open the study with a run id or a name.

    An id goes before a name: whoever names a study like the id of another must not get its raters.

    Raises:
        UserError: There is none.
    """
    names = {run.run_id: run.name for run in list_studies()}
    run_id = text if text in names else next((one for one, name in names.items() if name == text), None)
    if run_id is None:
        known = ", ".join(names.values()) or "none yet"
        raise UserError(f"There is no study {text!r}; there are: {known}. Make one first.")
    definition = StudyDefinition.model_validate_json(get_text(run_id, Artifact.STUDY_DEFINITION))
    return Study(run_id, definition, StudyKey.model_validate_json(get_text(run_id, Artifact.STUDY_KEY)))


def picture_files(study: Study, items: Sequence[str]) -> list[bytes]:
    """Read the PNG files of pictures, in the order asked for."""
    names = [f"{item}.png" for item in items]
    with fetched(study.run_id, Artifact.STUDY_PICTURES, names) as folder:
        return [(folder / name).read_bytes() for name in names]
