"""Use case: score synthetic micrographs by what they are worth for training a segmentation."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from pipelines.counts import counted
from pipelines.data.find import dataset_folder, find_dataset
from pipelines.evaluate.keeper import keeper_of
from pipelines.evaluate.leakage import refuse_leakage
from pipelines.evaluate.reports import save_report
from pipelines.evaluate.requests import DownstreamRequest, EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.people.acting import acting_person
from pipelines.people.dataset_owner import own_dataset
from pipelines.predict.label_models import LabelModel, label_model, require_classes
from pipelines.progress import ProgressHook
from pipelines.tracking.datasets import log_dataset
from pipelines.tracking.keys import Artifact, Experiment
from pipelines.train.requests import TrainRequest
from pipelines.train.run import train_to_the_end
from sem_models.config.intensity import IntensityLimits
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.synthetic import Content, KnownDrawings, write_synthetic
from sem_models.errors import UserError
from sem_models.evaluation.grey_levels import unit_output
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics.intervals import Interval, cluster_interval
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent
from sem_models.tasks.segmentation import SEGMENTATION
from sem_models.tasks.synthesis import SYNTHESIS
from sem_models.tasks.table import find_task

REAL, SYNTHETIC, BOTH = "real", "synthetic", "both"
CONTENTS: tuple[Content, ...] = ("synthetic", "both")
BASELINE = "most frequent class (baseline)"


@dataclass(frozen=True)
class DownstreamScores:
    """Dice on the real test split by what the network was trained on."""

    dataset: str
    synthesiser: str
    steps: int
    seeds: tuple[int, ...]
    images: int
    groups: int
    runs: dict[str, list[str]]
    """Training runs of each training set, one per seed."""
    dice: dict[str, dict[str, Interval]]
    """By training set, then by metric: mean over seeds for each image, interval over specimens."""
    against_real: dict[str, dict[str, Interval]]
    """For synthetic and both: the difference from real, image by image."""
    notes: tuple[str, ...]


def downstream(
    request: DownstreamRequest, progress: Progress = silent, hook: ProgressHook | None = None
) -> tuple[DownstreamScores, str]:
    """Draw the training masks, train on real, synthetic and both for equally many steps, test on real images.

    Validation, by which the best weights are chosen, is on real images for all three. The table is kept with the run
    of the synthesiser.

    Raises:
        UserError: There is no such model, recipe or dataset, the classes differ, or the synthesiser saw a test image.
    """
    dataset_name = request.dataset
    dataset = find_dataset(dataset_name)
    draws = label_model(request.synthesiser, SYNTHESIS)
    require_classes(draws, dataset.manifest.label_values, f"dataset {dataset_name!r}")
    refuse_leakage(draws, dataset, "test")
    recipe = override(find_recipe(request.recipe), request.changes)
    if find_task(recipe) is not SEGMENTATION:
        raise UserError(f"Recipe {request.recipe!r} is of task {recipe.task}; choose one of task segmentation.")
    names = {REAL: dataset_name} | {content: _synthetic(draws, dataset, content, progress) for content in CONTENTS}
    seeds = tuple(range(recipe.train.seed, recipe.train.seed + request.seeds))
    runs = {
        key: [train_to_the_end(_training(request, name, seed), hook) for seed in seeds] for key, name in names.items()
    }
    reports = {
        key: [evaluate(EvaluateRequest(model=run, dataset=dataset_name))[0] for run in found]
        for key, found in runs.items()
    }
    scores = _downstream_scores(dataset, draws, recipe, seeds, runs, reports)
    run_id = keeper_of(draws.run_id)
    _store(run_id, scores)
    return scores, run_id


def _synthetic(draws: LabelModel, dataset: Dataset, content: Content, progress: Progress) -> str:
    places = {kind: dataset_folder(f"{dataset.manifest.name}-{kind}-{draws.run_id[:8]}") for kind in CONTENTS}
    limits = IntensityLimits(output=dataset.manifest.limits("image")[:1])
    # Drawn once for both training sets, and not again where the run was evaluated before.
    draw = KnownDrawings(
        partial(unit_output, Predictor(draws.model), limits=limits), tuple(places.values()), draws.run_id
    )
    log_dataset(write_synthetic(dataset, places[content], draw, draws.run_id, content, progress=progress))
    own_dataset(places[content].name, acting_person())
    return places[content].name


def _training(request: DownstreamRequest, dataset: str, seed: int) -> TrainRequest:
    changes = (*request.changes, f"train.seed={seed}")
    return TrainRequest(recipe=request.recipe, dataset=dataset, changes=changes, experiment=Experiment.DOWNSTREAM)


def _downstream_scores(
    dataset: Dataset, draws: LabelModel, recipe: Recipe, seeds: tuple[int, ...], runs: dict[str, list[str]],
    reports: dict[str, list[EvaluationReport]],
) -> DownstreamScores:  # fmt: skip
    one = reports[REAL][0]
    groups = [row.group for row in one.rows if row.method == one.model]
    metrics = [name for name in one.metrics if name.startswith("dice")]
    values = {
        key: {name: np.mean([report.values(report.model, name) for report in found], axis=0) for name in metrics}
        for key, found in reports.items()
    }
    baseline = {name: np.array(one.values(one.methods[1], name)) for name in metrics}
    dice = {
        key: {name: cluster_interval(dice_values.tolist(), groups) for name, dice_values in of.items()}
        for key, of in {**values, BASELINE: baseline}.items()
    }
    against: dict[str, dict[str, Interval]] = {
        key: {name: cluster_interval((values[key][name] - values[REAL][name]).tolist(), groups) for name in metrics}
        for key in CONTENTS
    }
    notes = [
        f"Each network took {recipe.train.steps} steps of {recipe.train.batch} crops; validation and test are real.",
        *(() if len(seeds) > 2 else (f"{counted(len(seeds), 'seed')}: differences may be chance; use three.",)),
    ]
    return DownstreamScores(
        dataset.manifest.name, draws.model.name, recipe.train.steps, seeds, len(groups), len(set(groups)), runs,
        dice, against, tuple(notes),
    )  # fmt: skip


def _store(run_id: str, scores: DownstreamScores) -> None:
    means = {
        f"{Artifact.DOWNSTREAM}/{key}_{name}": interval.mean
        for key, of in scores.dice.items()
        for name, interval in of.items()
        if key != BASELINE
    }
    save_report(run_id, f"{Artifact.DOWNSTREAM}/{scores.dataset}", scores, means)
