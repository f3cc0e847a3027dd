"""Which trained models allow projection at prediction."""

import pytest

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.tasks.compatibility import projection_of, why_not_projected


def test_projection_goes_onto_the_downsampling_of_the_training(small_dataset: Dataset) -> None:
    manifest = small_dataset.manifest
    for kind in ("bicubic_aa", "gaussian_area"):
        recipe = override(find_recipe("esrgan-x4"), [f"degradation.downsampling={kind}"])
        assert why_not_projected(recipe, manifest) == ""
        assert projection_of(recipe, manifest) == kind


@pytest.mark.parametrize(
    ("name", "changes", "kind", "why"),
    [
        ("srresnet-x4", ["degradation.read_noise=0.01"], "single", "inputs are noisy"),
        ("srresnet-x4", ["degradation.dose_e_per_px=50"], "single", "inputs are noisy"),
        ("srresnet-x4", ["degradation.blur.size_px=1,1"], "single", "blurred or distorted"),
        ("srresnet-x4", ["degradation.scan.drift_px=1"], "single", "blurred or distorted"),
        ("srresnet-x4", [], "paired", "inputs of pairs were recorded"),
        ("srresnet-x4", [], "unpaired", "inputs were recorded"),
        ("nafnet-denoise", [], "single", "does not enlarge"),
        ("sinsr-x4", [], "single", "already ends in a back-projection"),
    ],
)
def test_projection_is_refused_where_inputs_are_not_only_reduced(
    name: str, changes: list[str], kind: str, why: str, small_dataset: Dataset
) -> None:
    recipe = override(find_recipe(name), changes)
    manifest = small_dataset.manifest.model_copy(update={"kind": kind})
    assert why in why_not_projected(recipe, manifest)
    with pytest.raises(UserError, match=f"{name} cannot be used with projection: .*{why}.*leave it out"):
        projection_of(recipe, manifest)
