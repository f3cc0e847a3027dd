"""Runs trained in this process, from recipes that are not presets."""

from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.recipe import Recipe


def train_run(recipe: Recipe, dataset: str, experiment: str = "tests") -> str:
    """Create a run and train it here; returns its id."""
    run_id = create_training(recipe, dataset, experiment)
    run_training(run_id)
    return run_id
