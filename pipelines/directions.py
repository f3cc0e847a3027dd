"""Which generator of a run is meant: `RUN_ID` is the restorer, `RUN_ID:backward` the other one of a cycle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from pipelines.tracking.artifacts import fetched, list_files
from pipelines.tracking.keys import Artifact
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import RunInfo
from pipelines.train.warm_start import model_of
from sem_models.config.methods import method_facts
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.inference.model import Direction, RestorationModel, UnitModel
from sem_models.inference.model_folder import RECIPE, WEIGHTS, backward_file
from sem_models.inference.storage import save_weights
from sem_models.methods.stages import BACKWARD
from sem_models.training.checkpoint import STATE

SUFFIX = ":backward"
_TOLD: dict[Direction, str] = {
    "forward": "forward: from the first domain (input) to the second (target)",
    "backward": "backward: from the second domain (target) to the first (input)",
}


def split_direction(text: str) -> tuple[str, Direction]:
    """Run id and direction of what the user wrote.

    Raises:
        UserError: Something else than `backward` stands behind the colon.
    """
    run_id, colon, way = text.partition(":")
    if colon and way != "backward":
        raise UserError(f"{text}: write RUN_ID, or RUN_ID{SUFFIX} for the second generator of a CycleGAN.")
    return run_id, "backward" if colon else "forward"


def told(direction: Direction) -> str:
    """In words, for registered models of a cycle."""
    return _TOLD[direction]


@contextmanager
def backward_model(run_id: str) -> Iterator[Path]:
    """A local model folder with the backward generator of the best checkpoint, for as long as the block runs.

    Raises:
        UserError: The run is no cycle, is not that far, or did not keep these weights.
    """
    recipe = stored_recipe(run_id)
    if not method_facts(recipe.method).learns_backward:
        raise UserError(
            f"Run {run_id} learned one direction only (method {recipe.method}): leave {SUFFIX} away, or train a "
            "recipe of method cycle, such as cyclegan-translate-small."
        )
    stored = set(list_files(run_id, Artifact.BEST))
    kept = backward_file(Path(Artifact.BEST))
    if not stored or str(kept) in stored:
        with fetched(run_id, Artifact.BEST, (kept.name, RECIPE)) as folder:
            yield backward_file(folder).rename(folder / WEIGHTS).parent
    elif recipe.train.ema_decay == 0:
        with model_of(run_id, Artifact.BEST) as folder:
            _take_from_state(run_id, folder)
            yield folder
    else:
        raise UserError(
            f"Run {run_id} kept the averaged weights of one generator only: its backward one is in the state to "
            "resume from, without its average. Train it again; new runs keep both."
        )


def offers_backward(run: RunInfo) -> bool:
    """Whether `backward_model` has something to give, for lists to choose from."""
    if not method_facts(run.params.get("method")).learns_backward:
        return False
    kept = str(backward_file(Path(Artifact.BEST))) in list_files(run.run_id, Artifact.BEST)
    return kept or float(run.params.get("train.ema_decay", 1)) == 0


def _take_from_state(run_id: str, folder: Path) -> None:
    """Of runs from before both were kept: without an average, what the state holds is what would have been shipped."""
    with fetched(run_id, Artifact.BEST, (STATE,)) as place:
        state = torch.load(place / STATE, map_location="cpu", weights_only=True)
    save_weights(folder / WEIGHTS, state["networks"][BACKWARD], "backward")


def pair_notes(model: UnitModel, dataset: Dataset) -> list[str]:
    """What scores of a backward generator on a dataset rest on; nothing for all other models.

    Raises:
        UserError: The dataset has no images of both domains that belong together.
    """
    if not isinstance(model, RestorationModel) or model.direction == "forward":
        return []
    name = dataset.manifest.name
    if not dataset.manifest.layout.is_paired:
        raise UserError(
            f"{model.name} goes from the second domain of its training to the first: {name!r} has no pairs of these. "
            "Prepare pairs of which the inputs are of the second domain, or use round-trip."
        )
    return [
        f"{model.name} goes from the second domain of its training to the first: inputs of {name!r} are taken for "
        "images of the second, targets for the first. Pairs the other way round score nonsense."
    ]
