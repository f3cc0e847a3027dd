"""The published study of lattices with dents fails as it reported, and the preset that fixes this does not."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.denoising.lattices import TILE_PX, apart
from pipelines.data.requests import SimulateRequest
from pipelines.data.simulate import simulate
from pipelines.home import home
from pipelines.model_ref import RunRef
from pipelines.models import resolve_model
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.evaluation.metrics.atoms import lattice_scores, seam_ratio
from sem_models.evaluation.restoration import make_case
from sem_models.evaluation.scorer import Case
from sem_models.inference.predictor import Predictor

SHORT = ("train.steps=300", "train.batch=4", "train.patch=64", "train.validate_every=1000")
SCORES = ("atom_f1", "atom_rms_period", "dent_correlation", "seam_ratio")


def trained(recipe: str, dataset: str, *changes: str) -> Predictor:
    run_id = create_training(override(find_recipe(recipe), [*SHORT, *changes]), dataset)
    run_training(run_id)
    return Predictor(resolve_model(RunRef(run_id)).model)


def fields(dataset: Dataset) -> list[Case]:
    """Noisy fields with dents, of about 40 x 40 atoms, with their targets."""
    forward = find_recipe("lattice-denoise-small").degradation
    return [make_case(dataset, entry, forward, 1) for entry in dataset.entries("test")]


@pytest.mark.slow
def test_dents_are_kept_without_seams_where_the_study_loses_them(sem_home: Path) -> None:
    """Fields of about 40 x 40 atoms; both networks are small and trained for the same 300 steps."""
    simulate(SimulateRequest(name="flat", count=12, size_px=256, period_px=(9, 12), dents=False))
    simulate(SimulateRequest(name="dented", count=12, size_px=256, period_px=(9, 12), seed=1))
    large = simulate(SimulateRequest(name="large", count=10, size_px=448, period_px=(10, 12), seed=2)).dataset
    ours = trained("lattice-denoise-small", "dented", "network.inner.width=8", "network.inner.depth=2")
    study = trained("cyclegan-lattice-small", "flat", "network.width=8", "network.blocks=3")
    found: dict[str, list[dict[str, float]]] = {"ours": [], "study": []}
    for case in fields(large):
        outputs = {"ours": ours.predict_unit(case.input), "study": apart(study, case.input)}
        for name, output in outputs.items():
            seam = seam_ratio(output[0], case.target[0], TILE_PX)
            scores = lattice_scores(np.clip(output[0], 0, 1), case.target[0], 1.0)
            found[name].append({**scores, "seam_ratio": seam})
    mean = {name: {key: float(np.mean([row[key] for row in rows])) for key in SCORES} for name, rows in found.items()}
    assert mean["ours"]["atom_f1"] >= 0.98, mean
    assert mean["ours"]["atom_rms_period"] < 0.1, mean
    assert mean["ours"]["dent_correlation"] >= 0.95, mean
    assert abs(mean["ours"]["seam_ratio"] - 1) < 0.05, mean
    assert mean["study"]["dent_correlation"] < 0.95, mean
    assert abs(mean["study"]["seam_ratio"] - 1) > 0.05, mean
    assert home().root == sem_home
