"""A study of images generated from masks: each is shown next to the real image of its mask."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.models import ResolvedModel
from pipelines.study import create
from pipelines.study.definition import StudyCreateRequest
from pipelines.study.studies import Study, open_study, picture_files
from sem_models.errors import UserError
from tests.support.empty_store import add_empty_store
from tests.support.masked_sets import grey_classes
from tests.support.segmenters import AS_IT_IS, ByGrey, ready


def study_of(recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Pairs of crops of the training images, and images from a model that knows the grey level of each class."""
    monkeypatch.setenv("SEM_HOME", str(add_empty_store(tmp_path)))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    dataset = grey_classes(tmp_path / "datasets")
    model = ResolvedModel(ByGrey(ready(recipe, dataset)), None, AS_IT_IS)
    monkeypatch.setattr(create, "resolve_model", lambda *_: model)
    chosen = {"name": "drawings", "models": ("drawer",), "dataset": dataset.manifest.name, "split": "train"}
    return open_study(create.create_study(StudyCreateRequest(**chosen, trials=4, catch_trials=0, crop_px=16, seed=7)))


def test_generated_images_are_shown_with_the_image_of_their_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This model generates exactly the grey levels of the real images, so both images of a pair are equal."""
    study = study_of("cgan-masks-small", tmp_path, monkeypatch)
    kinds = [[study.items[name].kind for name in trial.items] for trial in study.key.trials]
    assert all(sorted(pair) == ["generated", "real"] for pair in kinds)
    for trial in study.key.trials:
        left, right = (np.asarray(Image.open(io.BytesIO(file))) for file in picture_files(study, trial.items))
        assert np.array_equal(left, right)
    assert len({file for trial in study.key.trials for file in picture_files(study, trial.items)}) > 1


def test_label_maps_are_not_shown_as_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="gives masks, not images"):
        study_of("unet-segment-small", tmp_path, monkeypatch)
