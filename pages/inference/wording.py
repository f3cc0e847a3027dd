"""What a model does, in the words of its task."""

from dataclasses import dataclass

from sem_models.config.recipe import Task


@dataclass(frozen=True)
class Wording:
    """Words of the Inference page for one task."""

    button: str
    icon: str
    caveat: str
    """What must not be forgotten when looking at an output."""


_RESTORATION = Wording(
    "Restore",
    ":material/auto_fix_high:",
    "Restored detail is an estimate: check what matters against the recorded pixels.",
)
_OTHERS: dict[Task, Wording] = {
    "translation": Wording(
        "Translate",
        ":material/translate:",
        "No detector recorded this contrast: what the input does not tell comes from the images of the training.",
    ),
    "segmentation": Wording(
        "Segment", ":material/category:", "Classes are an estimate: check borders and small parts against the image."
    ),
    "synthesis": Wording(
        "Draw", ":material/brush:", "Synthetic: a drawing after the mask, not recorded by any microscope."
    ),
}


def wording(task: Task | None) -> Wording:
    """Of a task; baselines and all tasks with a truth behind the input are restorations."""
    return _RESTORATION if task is None else _OTHERS.get(task, _RESTORATION)
