"""Use case: a trained run becomes a registered model that anyone can name."""

from pipelines.directions import split_direction, told
from pipelines.evaluate.score import reports_as_trained
from pipelines.models import model_folder
from pipelines.tracking.keys import Tag
from pipelines.tracking.registry import register_model
from pipelines.tracking.runs import get_run
from sem_models.config.methods import method_facts


def register(text: str, name: str, alias: str | None = "champion") -> str:
    """Register the best checkpoint of RUN_ID or RUN_ID:backward with its scores; returns the version number."""
    run_id, direction = split_direction(text)
    run = get_run(run_id)
    tags = {key: run.tags[key] for key in (Tag.RECIPE, Tag.DATASET, Tag.DATASET_DIGEST) if key in run.tags}
    if method_facts(run.params.get("method")).learns_backward:
        tags[Tag.DIRECTION] = told(direction)
    for report in reports_as_trained(run_id, direction):
        for metric in report.metrics:
            score = report.mean(report.model, metric)
            tags[f"{report.dataset}-{report.split}.{metric}"] = f"{score.mean:.4f} (n = {score.n})"
    with model_folder(text) as folder:
        return register_model(run_id, folder, name, alias, tags)
