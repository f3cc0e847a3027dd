"""Where the pictures of a comparison lie: one test image as input, target, and output of each method.

Nothing here needs torch, so that a page can tell at once which pictures are there.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.evaluate.compare import Comparison
from pipelines.evaluate.labels import method_names
from pipelines.home import home
from sem_models.errors import UserError
from sem_models.evaluation.report import EvaluationReport
from sem_models.suggestions import did_you_mean
from sem_models.tasks.table import TASKS

INPUT, TARGET = "input", "target"
_FORMAT = 1
"""Raised whenever pictures are computed in another way."""


@dataclass(frozen=True)
class Picture:
    """One picture of a gallery."""

    method: str
    """`input`, `target`, `Column.model`, or the name of a baseline."""
    label: str
    path: Path
    """A TIFF file in the grey levels of the target; there once it has been computed."""

    @property
    def is_baseline(self) -> bool:
        """Whether its method learns nothing."""
        return self.method.startswith("baseline:")

    @property
    def is_there(self) -> bool:
        """Whether it has been computed."""
        return self.path.is_file()


def offers_pictures(comparison: Comparison) -> bool:
    """Tell whether the outputs of a comparison are micrographs that can be shown beside their target."""
    tasks = [TASKS.get(column.run.tags.get("sem.task", "")) for column in comparison.columns]
    return all(task is None or task.gives_images for task in tasks)


def gallery_pictures(comparison: Comparison, image: str) -> tuple[Picture, ...]:
    """List the pictures of an image: input, target, the models, best first, and the baselines.

    The name of a file depends on everything that its pixels depend on, and on the scores of the image, so that a model
    that was trained further and scored again gets a new picture.

    Raises:
        UserError: The comparison has no such image.
    """
    report = comparison.columns[0].report
    names = list(dict.fromkeys(row.image for row in report.rows))
    if image not in names:
        raise UserError(f"There is no test image {image!r} in this comparison. {did_you_mean(image, names)}")
    reports = {column.model: column.report for column in comparison.columns}
    given = [(INPUT, "Input"), (TARGET, "Target")]
    return tuple(
        Picture(method, label, home().gallery / f"{_key(reports.get(method, report), method, image)}.tif")
        for method, label in [*given, *method_names(comparison).items()]
    )


def in_order(pictures: Sequence[Picture]) -> list[Picture]:
    """Put the input first, then what learns nothing, the models from the worst to the best, and the target last."""
    places = {INPUT: 0, TARGET: 3}
    order = {
        one.method: (places.get(one.method, 1 if one.is_baseline else 2), -index) for index, one in enumerate(pictures)
    }
    return sorted(pictures, key=lambda one: order[one.method])


def usual_choice(pictures: Sequence[Picture], most: int) -> list[Picture]:
    """Choose pictures to show together: the target, a baseline and the two best models first, then as many as fit.

    Args:
        pictures: Models with the best first, as in `gallery_pictures`.
        most: How many there is room for.

    Returns:
        At most so many, in the order of `in_order`.
    """
    targets = [one for one in pictures if one.method == TARGET]
    inputs = [one for one in pictures if one.method == INPUT]
    baselines = [one for one in pictures if one.is_baseline]
    models = [one for one in pictures if one not in (*targets, *inputs, *baselines)]
    by_need = [*targets, *baselines[:1], *models[:2], *inputs, *models[2:], *baselines[1:]]
    return in_order([one for one in pictures if one in by_need[:most]])


def missing(pictures: Sequence[Picture]) -> list[Picture]:
    """Return the pictures that have not been computed."""
    return [picture for picture in pictures if not picture.is_there]


def _key(report: EvaluationReport, method: str, image: str) -> str:
    rows = [row.scores for row in report.rows if row.image == image and row.method in (method, report.model)]
    own = rows if method not in (INPUT, TARGET) and not method.startswith("baseline:") else []
    facts = [_FORMAT, method, image, report.digest, report.split, report.degradation, report.strength_px, own]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
