"""Use case: score a model and its baselines on one split, and keep the report with the run."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipelines.data.find import find_dataset
from pipelines.evaluate.keeper import keeper_of
from pipelines.evaluate.reports import save_report
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.home import home
from pipelines.model_ref import BaselineRef, ModelRef
from pipelines.models import ResolvedModel, pair_notes, resolve_for
from pipelines.tracking.datasets import attach_dataset
from pipelines.tracking.keys import Artifact, Experiment, Tag, of_direction, score_key
from pipelines.tracking.runs import create_run, get_run, set_status, set_tags
from sem_models.config.degradation import Degradation
from sem_models.config.overrides import override_degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Split
from sem_models.errors import SettingRef, UserError
from sem_models.evaluation.metrics.table import METRICS
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.restoration import describe_input
from sem_models.images.io.partial import write_cached
from sem_models.inference.model import UnitModel, recipe_of
from sem_models.inference.told_width import at_strength, other_strength
from sem_models.methods.table import find_method
from sem_models.progress import Progress, silent
from sem_models.tasks.models import evaluate_model


def evaluate(request: EvaluateRequest, progress: Progress = silent) -> tuple[EvaluationReport, str]:
    """Score a model on a split with the degradation it was trained for; return the report and the run that holds it.

    Raises:
        UserError: There is no such model or dataset, there is no reference, a change would have no effect, or the model
            cannot be told this strength.
    """
    ref, split, changes = request.model, request.split, request.changes
    dataset = find_dataset(request.dataset)
    _refuse_idle(changes, ref, dataset)
    resolved = resolve_for(dataset, ref, request.scale, changes)
    model = at_strength(resolved.model, request.strength_px)
    notes = [*pair_notes(resolved.model, dataset), *_caveats(resolved.model, dataset)]
    forward = override_degradation(resolved.degradation, changes)
    known = kept_baseline_rows(dataset, split, forward)
    report = evaluate_model(model, dataset, split, forward, progress, known, request.backend)
    keep_baseline_rows(dataset, split, forward, report)
    strength = other_strength(resolved.model, request.strength_px)
    report = report.model_copy(update={"notes": (*report.notes, *notes), "strength_px": strength})
    run_id = keeper_of(resolved.run_id) if resolved.run_id else _baseline_run(ref, dataset, forward)
    _store(run_id, resolved, report, changed=forward != resolved.degradation or strength is not None)
    attach_dataset(run_id, dataset, "evaluation")
    if resolved.run_id is None:
        set_status(run_id, "FINISHED")
    return report, run_id


def _refuse_idle(changes: Sequence[str], ref: ModelRef, dataset: Dataset) -> None:
    """Refuse changes without effect: pairs are taken as they are, and only baselines may be told what blurred them."""
    baseline = isinstance(ref, BaselineRef)
    idle = [change for change in changes if not (baseline and change.strip().startswith("degradation.blur."))]
    if idle and dataset.manifest.layout.is_paired:
        raise UserError(
            f"Dataset {dataset.manifest.name!r} is paired and brings its own inputs, which ",
            SettingRef(idle[0]),
            " would not change; leave it out, or score on single images.",
        )


def _caveats(model: UnitModel, dataset: Dataset) -> list[str]:
    """Say what scores do not mean on this dataset."""
    recipe = recipe_of(model)
    return list(find_method(recipe).caveats(dataset.manifest)) if recipe else []


def _baseline_run(ref: ModelRef, dataset: Dataset, degradation: Degradation) -> str:
    tags = {Tag.DATASET: dataset.manifest.name, Tag.DATASET_DIGEST: dataset.digest, Tag.RECIPE: str(ref)}
    name = f"{ref} x{degradation.scale} on {dataset.manifest.name}"
    return create_run(Experiment.BASELINES, name, "evaluation", degradation.model_dump(), tags)


def _store(run_id: str, resolved: ResolvedModel, report: EvaluationReport, changed: bool) -> None:
    path = f"{Artifact.EVALUATION}/{report.dataset}-{report.split}"
    if changed:
        # Without a strength this is the name that earlier versions gave.
        told = "" if report.strength_px is None else f"{report.strength_px:g}"
        other = hashlib.sha256(f"{report.degradation}{told}".encode()).hexdigest()[:8]
        save_report(run_id, f"{path}-{other}", report, {}, resolved.direction)
        return
    # A run without the tag is of an early version.
    own = get_run(run_id).tags.get(Tag.DATASET_DIGEST, report.digest) == report.digest
    elsewhere = None if own else report.dataset
    means = {score_key(report.split, name, elsewhere): report.mean(report.model, name).mean for name in report.metrics}
    save_report(run_id, path, report, means, resolved.direction)
    set_tags(run_id, {of_direction(Tag.evaluated(report.split), resolved.direction): report.dataset})


_ROWS = TypeAdapter(tuple[Row, ...])
_VERSION = 2
"""To be raised whenever a score is computed in another way under its old name, or rows hold more: 2 adds the time."""


def kept_baseline_rows(dataset: Dataset, split: Split, degradation: Degradation) -> tuple[Row, ...]:
    """Read the rows of an earlier evaluation on the same images with the same scores; empty where there was none."""
    try:
        return _ROWS.validate_json(_file(dataset, split, degradation).read_bytes())
    except (OSError, ValidationError):
        return ()


def keep_baseline_rows(dataset: Dataset, split: Split, degradation: Degradation, report: EvaluationReport) -> None:
    """Keep the rows of the baselines, unless a score is missing in all of them, which may be available later."""
    rows = tuple(row for row in report.rows if row.method.startswith("baseline:") and row.method != report.model)
    known = [{name for name, score in row.scores.items() if score is not None} for row in rows]
    if not rows or set().union(*known) < set().union(*(row.scores for row in rows)):
        return
    write_cached(_file(dataset, split, degradation), _ROWS.dump_json(rows))


def _file(dataset: Dataset, split: Split, degradation: Degradation) -> Path:
    # The deconvolutions are told the blur, which the description of pairs does not name.
    blur = degradation.blur and degradation.blur.model_dump_json()
    inputs = [describe_input(dataset, degradation), blur, degradation.scale]
    facts = [_VERSION, dataset.digest, split, *inputs, list(METRICS)]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]
    return home().baseline_rows / f"{key}.json"
