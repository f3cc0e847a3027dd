"""Where the scores of a model are kept: with the run that trained it, or, where this is somebody else's, apart from it.

Who may see a run may score it, but only its owner and admins may change it.
"""

from collections.abc import Iterable

from filelock import FileLock

from pipelines.home import writable_home
from pipelines.people.acting import acting_person
from pipelines.people.permissions import Action, may
from pipelines.people.person import Person
from pipelines.tracking.keys import Experiment, Tag
from pipelines.tracking.runs import RunInfo, create_run, get_run, list_runs, set_status

_COPIED = (Tag.TASK, Tag.RECIPE, Tag.DATASET, Tag.DATASET_DIGEST)


def keeper_of(run_id: str) -> str:
    """Return the id of the run that keeps what the person for whom this process works finds out about a model.

    Args:
        run_id: The training that made the model.
    """
    run, by = get_run(run_id), acting_person()
    if may(by, Action.CHANGE, run.ownership):
        return run_id
    place = writable_home().jobs
    place.mkdir(parents=True, exist_ok=True)
    # Two evaluations at once would make a place each, and only one of them would be found.
    with FileLock(place / f"scores-{by.folder}.lock"):
        known = find_keeper(run_id, by)
        return known.run_id if known else _new_keeper(run, by)


def find_keeper(run_id: str, by: Person) -> RunInfo | None:
    """Return the run in which a person keeps scores of somebody else's training; None where there is none."""
    return keepers_of(by, list_runs(Experiment.SCORES, "evaluation")).get(run_id)


def keepers_of(by: Person, runs: Iterable[RunInfo]) -> dict[str, RunInfo]:
    """Find, among runs, those in which a person keeps scores of somebody else's trainings, by the ids of these."""
    own = [run for run in runs if Tag.SCORES_OF in run.tags and run.ownership.owner == by.id]
    # The newest stands first in a list of runs.
    return {run.tags[Tag.SCORES_OF]: run for run in reversed(own)}


def _new_keeper(run: RunInfo, by: Person) -> str:
    tags = {key: run.tags[key] for key in _COPIED if key in run.tags}
    name = f"{run.name}, scored by {by.name}"
    keeper = create_run(Experiment.SCORES, name, "evaluation", {}, {**tags, Tag.SCORES_OF: run.run_id}, by)
    set_status(keeper, "FINISHED")
    return keeper
