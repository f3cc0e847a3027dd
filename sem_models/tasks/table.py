"""The table of tasks, one line for each. Adding a task means one file and one line here."""

from sem_models.config.recipe import Recipe
from sem_models.config.validation_scores import BLIND_ERROR, INPUT_CORRELATION, NOISE_ERROR, TWO_FRAME_PSNR
from sem_models.errors import UserError
from sem_models.tasks.base import Task
from sem_models.tasks.denoising import DENOISING
from sem_models.tasks.inpainting import INPAINTING
from sem_models.tasks.refocusing import REFOCUSING
from sem_models.tasks.segmentation import SEGMENTATION
from sem_models.tasks.super_resolution import SUPER_RESOLUTION
from sem_models.tasks.synthesis import SYNTHESIS
from sem_models.tasks.translation import TRANSLATION

TASKS: dict[str, Task] = {
    task.name: task
    for task in (SUPER_RESOLUTION, DENOISING, REFOCUSING, TRANSLATION, SYNTHESIS, SEGMENTATION, INPAINTING)
}
VALIDATION_SCORES = tuple(
    dict.fromkeys(
        (*(task.score for task in TASKS.values()), TWO_FRAME_PSNR, NOISE_ERROR, BLIND_ERROR, INPUT_CORRELATION)
    )
)
"""All scores that the validation of a run may give; each run has one of them."""


def find_task(recipe: Recipe) -> Task:
    """Return the task of a recipe."""
    return task_named(recipe.task)


def task_named(name: str) -> Task:
    """Return the task of that name; raises a `UserError` that lists all names."""
    if name not in TASKS:
        raise UserError(f"Unknown task {name!r}: use one of {', '.join(TASKS)}.")
    return TASKS[name]


def invents_detail(name: str | None) -> bool:
    """Return whether outputs of that task may contain detail of the training images; False for an unknown task."""
    return name in TASKS and TASKS[name].invents_detail


def baseline_task(name: str) -> Task:
    """Return the task that a baseline belongs to; baselines of several tasks count as super-resolution."""
    return next((task for task in TASKS.values() if name in task.own_baselines), SUPER_RESOLUTION)
