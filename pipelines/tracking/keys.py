"""The names under which a run keeps what is known about it: tags, files and metrics.

Stores outlive the program that wrote them: none of these strings may ever change.
"""

import re
from typing import Final

from sem_models.config.methods import Direction
from sem_models.datasets.manifest import Split
from sem_models.reporter import CheckpointKind

_NOT_IN_METRICS = re.compile(r"[^A-Za-z0-9_.-]")
"""Characters that MLflow does not allow in the name of a metric."""


class Experiment:
    """Experiments that use cases put their runs into; trainings go where the user says."""

    DEFAULT: Final = "sem"
    DATASETS: Final = "datasets"
    BASELINES: Final = "floors"
    DOWNSTREAM: Final = "downstream"
    STUDIES: Final = "studies"
    DEMO: Final = "demo"
    IMPORTED: Final = "imported"
    SCORES: Final = "scores"
    """What people have found out about models of others."""


class Tag:
    """Tags of runs; a registered model has copies of some of them."""

    KIND: Final = "sem.kind"
    """What a run is: training, evaluation, dataset or study."""
    TASK: Final = "sem.task"
    RECIPE: Final = "sem.recipe"
    DATASET: Final = "sem.dataset"
    DATASET_DIGEST: Final = "sem.dataset_digest"
    COMMIT: Final = "sem.commit"
    HOST: Final = "sem.host"
    HOME: Final = "sem.home"
    DEVICE: Final = "sem.device"
    """The kind of device that a training uses, and why not a faster one."""
    DEVICES: Final = "sem.devices"
    """How many devices a training uses; absent for one."""
    DEVICE_SECONDS: Final = "sem.device_seconds"
    """Time that a training has used its devices, times their number, s."""
    DEVICE_SINCE: Final = "sem.device_since"
    """When it last took them, in seconds of the epoch."""
    SLURM_JOB: Final = "sem.slurm_job"
    """Number of the last job of SLURM that trained the run; absent where none did."""
    REASON: Final = "sem.reason"
    """Why the run is in the state it is in."""
    ENDED_BY: Final = "sem.ended_by"
    BEST_STEP: Final = "sem.best_step"
    INITIAL_RUN: Final = "sem.initial_run"
    """The run whose weights a training started from."""
    BRANCHED_FROM: Final = "sem.branched_from"
    """The run whose recipe a training took over, with changes."""
    SCORES_OF: Final = "sem.scores_of"
    """The training whose model the scores of a run are about, where it belongs to somebody else."""
    INTERPOLATED_FROM: Final = "sem.interpolated_from"
    IMPORTED_FROM: Final = "sem.imported_from"
    """The file of a model that was trained elsewhere."""
    IMPORTED_SHA256: Final = "sem.imported_sha256"
    ARCHITECTURE: Final = "sem.architecture"
    """The name that others give the network of an imported model."""
    PARITY: Final = "sem.parity"
    """Largest difference of an imported model from its own program, as a fraction of the span of the output."""
    DIRECTION: Final = "sem.direction"
    """Which generator of a cycle was registered."""
    OWNER: Final = "sem.owner"
    """Id of the person who made the run; absent before version 0.2."""
    OWNER_NAME: Final = "sem.owner_name"
    SHARED: Final = "sem.shared"
    """`yes` where everybody in the lab may see the run."""
    NOTE: Final = "mlflow.note.content"
    """The description of a run, which MLflow's own pages show as well; Markdown."""
    LABELS: Final = "sem.labels"
    """Labels that people gave a run, separated by commas."""
    ARCHIVED: Final = "sem.archived"
    """Not empty for runs that lists leave out unless asked; nothing of them is deleted."""
    PARAMETERS: Final = "sem.parameters"
    """Of a registered version: trainable parameters of its network."""
    SIZE_BYTES: Final = "sem.size_bytes"
    """Of a registered version: size of its weights."""
    S_PER_MP: Final = "sem.s_per_mp"
    """Of a registered version: seconds for each megapixel of output in its evaluation."""
    MEASURED_ON: Final = "sem.measured_on"
    """Of a registered version: the device that this was measured on."""
    LICENCE: Final = "sem.licence"
    """Of a registered version: under which licence it may be used."""
    PROMOTION: Final = "sem.promotion."
    """Of a registered model: one move of an alias; the time follows."""
    WARNING: Final = "sem.warning."
    """The topic of the warning follows."""

    @staticmethod
    def evaluated(split: Split) -> str:
        """Name the tag that holds the dataset of the last evaluation on a split."""
        return f"sem.evaluated.{split}"


class Artifact:
    """Files and folders that a run keeps."""

    RECIPE: Final = "recipe.json"
    MANIFEST: Final = "dataset/manifest.json"
    INITIAL_MODEL: Final = "initial"
    """The model that a training started from."""
    CHECKPOINTS: Final = "checkpoints"
    BEST: Final = "checkpoints/best"
    STAGE: Final = "checkpoints/stage"
    """The end of the stage before the last one."""
    SAMPLES: Final = "samples"
    FIXED_SAMPLES: Final = "samples/fixed"
    """Panels of validation samples that never change: input, baseline, target."""
    EVALUATION: Final = "evaluation"
    DISCRIMINATOR: Final = "discriminator"
    DOWNSTREAM: Final = "downstream"
    MASK_CONSISTENCY: Final = "consistency"
    NO_REFERENCE: Final = "judge"
    ROUND_TRIP: Final = "round_trip"
    STUDY_DEFINITION: Final = "definition.json"
    STUDY_KEY: Final = "key.json"
    STUDY_PICTURES: Final = "pictures"
    STUDY_ANSWERS: Final = "answers"
    STUDY_OPENED: Final = "opened"
    """Who has opened the key, one folder for each rater."""

    @staticmethod
    def checkpoint(kind: CheckpointKind) -> str:
        """Return the folder of a checkpoint."""
        return f"checkpoints/{kind}"

    @staticmethod
    def sample(step: int, name: str) -> str:
        """Return the folder of the output for a validation sample at a step."""
        return f"samples/{step:07d}/{name}"

    @staticmethod
    def registered_version(name: str, stamp: str) -> str:
        """Return the folder of the MLflow model of one registration under a name.

        Earlier ones of a run under one name shared `models/NAME`. Where a version lies is stored with it.
        """
        return f"models/{name}-{stamp}"


def image_count_key(split: Split) -> str:
    """Name the metric with the number of images in a split of a dataset."""
    return f"images/{split}"


def score_key(split: Split, name: str, other: str | None = None) -> str:
    """Name the metric with the mean of a score over a split: `test/psnr_db`.

    It is about the dataset that the run was trained on; scores on any `other` one carry its name,
    `test/DATASET/psnr_db`. Before version 0.2 they did not: the tag `Tag.evaluated` names the dataset of the last ones.
    """
    return f"{split}/{name}" if other is None else f"{split}/{_NOT_IN_METRICS.sub('_', other)}/{name}"


def discriminator_key(test: str, name: str) -> str:
    """Name a metric of a discriminator test, which is named by its dataset and splits."""
    return f"disc/{_NOT_IN_METRICS.sub('_', test)}/{name}"


def of_direction(name: str, direction: Direction) -> str:
    """Name a file, tag or metric; those of the backward generator of a cycle are kept apart."""
    return f"backward/{name}" if direction == "backward" else name
