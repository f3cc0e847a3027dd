"""Use case: start a training from the weights of an earlier one, or of a starter model."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pipelines.model_ref import RunRef, StarterRef
from pipelines.tracking.artifacts import fetched, list_files, put_files
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.run_facts import stored_recipe
from pipelines.tracking.runs import get_run, set_tags
from sem_models.errors import UserError
from sem_models.starters.card import CARD
from sem_models.starters.shelf import read_card, starter_folder


def pixel_end(run_id: str) -> str:
    """Find the artifact folder of the model that a run had learned by pixel losses alone.

    It is the end of the first stage; what the run started from, where it had no such stage; or, without a
    discriminator, its best checkpoint.

    Raises:
        UserError: There is no such training, its pixel stage is not finished, or it is a mixture.
    """
    run = get_run(run_id)
    if not run.is_training or Tag.INTERPOLATED_FROM in run.tags:
        raise UserError(f"Run {run_id} is not a training of its own; name the run that learned the weights.")
    stored = set(list_files(run_id, Artifact.CHECKPOINTS))
    if Artifact.STAGE in stored:
        return Artifact.STAGE
    if stored_recipe(run_id).adversarial is None and Artifact.BEST in stored:
        return Artifact.BEST
    if Tag.INITIAL_RUN in run.tags:
        return Artifact.INITIAL_MODEL
    raise UserError(f"Run {run_id} has no finished pixel stage; wait until it has, or name another run.")


@contextlib.contextmanager
def start_of(ref: RunRef | StarterRef) -> Iterator[Path]:
    """Provide a local copy of the model that a training may start from while the block runs.

    Raises:
        UserError: There is no such training or starter model, or its pixel stage is not finished.
    """
    if isinstance(ref, StarterRef):
        yield starter_folder(ref.name)
        return
    with model_of(ref.run_id, pixel_end(ref.run_id)) as folder:
        yield folder


@contextlib.contextmanager
def model_of(run_id: str, folder: str) -> Iterator[Path]:
    """Provide a local copy of weights and recipe in an artifact folder while the block runs."""
    from sem_models.inference.model_folder import CHECKPOINT, RECIPE, WEIGHTS

    # Runs of earlier versions have no checksums.
    facts = [CHECKPOINT] if f"{folder}/{CHECKPOINT}" in list_files(run_id, folder) else []
    with fetched(run_id, folder, (WEIGHTS, RECIPE, *facts)) as local:
        yield local


def record_warm_start(run_id: str, ref: RunRef | StarterRef, source: Path) -> None:
    """Store the model to start from with the new run, so that it outlives the run it came from."""
    put_files(run_id, Artifact.INITIAL_MODEL, [path for path in sorted(source.iterdir()) if path.name != CARD])
    start = ref.run_id if isinstance(ref, RunRef) else str(ref)
    set_tags(run_id, {Tag.INITIAL_RUN: start})
    if told := _other_specimens(run_id, ref):
        text = f"Step 0: The weights come from {told}, scores here are too good."
        set_tags(run_id, {f"{Tag.WARNING}initial-dataset": text})


def _other_specimens(run_id: str, ref: RunRef | StarterRef) -> str:
    """Say which specimens the start may have seen that a test must not hold; empty for a run on the same dataset."""
    if isinstance(ref, StarterRef):
        sets = ", ".join(learned.name for learned in read_card(ref.name).learned_from)
        # Some have learned from simulations alone, which no dataset of recorded images holds.
        return f"{ref}, which learned from {sets}. If this test split holds specimens of these" if sets else ""
    theirs, ours = (get_run(run).tags.get(Tag.DATASET_DIGEST, "") for run in (ref.run_id, run_id))
    if theirs == ours:
        return ""
    there = f"on another dataset (digest {theirs[:12]})" if theirs else "elsewhere"
    return f"run {ref.run_id[:8]}, which was trained {there}. If it learned from specimens of this test split"
