"""Which scores of a table a method was trained on: they flatter it, and say less about it than the others."""

from collections.abc import Mapping, Sequence

from pipelines.evaluate.compare import Column
from sem_models.evaluation.metrics.table import METRICS

_OF_LOSSES = {
    "dssim": ("ssim", "ssim_gaussian"),
    "gradient": ("gradient_error",),
    "gradient2": ("gradient_error",),
    "perceptual_vgg16": ("dists",),
    "perceptual_levels_vgg16": ("dists",),
}
"""The scores that measure what a loss measures: DISTS compares features of the same network."""
_PROJECTION, _CONSISTENCY = "network.back_projection", "down_consistency_db"


def trained_scores(columns: Sequence[Column], metrics: Sequence[str]) -> tuple[str, ...]:
    """Return one sentence for each score in `metrics` that some of the runs were trained on, by their parameters."""
    reasons: dict[str, dict[str, str]] = {}
    for column in columns:
        for metric, why in _of(column.run.params).items():
            if metric in metrics:
                reasons.setdefault(metric, {})[column.label] = why
    return tuple(
        f"{METRICS[metric].heading}: {', '.join(f'{label} ({why})' for label, why in by_label.items())} was trained on "
        "what it measures."
        for metric, by_label in reasons.items()
    )


def _of(parameters: Mapping[str, str]) -> dict[str, str]:
    named = [key.rpartition(".")[2] for key in parameters if "losses." in key]
    # Recipes leave out the backbone of losses on trained features.
    losses = [*named, *(f"{name}_{parameters.get('perceptual', '')}" for name in named)]
    found = {score: f"loss {loss}" for loss in losses for score in _OF_LOSSES.get(loss, ())}
    if parameters.get(_PROJECTION, "None") != "None":
        found[_CONSISTENCY] = "back-projection"
    return found
