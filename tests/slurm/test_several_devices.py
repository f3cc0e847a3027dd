"""Two processes of one job train together as two processes of one machine do."""

import pytest

from pipelines.jobs import control
from pipelines.tracking.keys import Tag
from pipelines.tracking.metrics import metric_history
from pipelines.tracking.runs import get_run, set_tags
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.recipe import Recipe
from tests.support.slurm import Cluster, until

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("small_dataset"), pytest.mark.timeout(1800)]


def on_two(recipe: Recipe) -> str:
    run_id = create_training(recipe, "small")
    set_tags(run_id, {Tag.DEVICES: "2"})
    return run_id


def test_two_processes_of_a_job_have_the_loss_curve_of_two_local_ones(on_slurm: Cluster, tiny_recipe: Recipe) -> None:
    here, there, alone = on_two(tiny_recipe), on_two(tiny_recipe), create_training(tiny_recipe, "small")
    control.submit(there, executor="slurm")
    until(lambda: get_run(there).status in ("FINISHED", "FAILED"))
    assert get_run(there).status == "FINISHED", get_run(there).tags[Tag.REASON]
    run_training(here)
    run_training(alone)
    for key in ("train/charbonnier", "val/psnr_db"):
        assert metric_history(there, key) == metric_history(here, key)
    assert metric_history(there, "train/charbonnier") != metric_history(alone, "train/charbonnier")
