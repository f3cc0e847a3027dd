"""A study of drawings from masks: the real image of the mask stands beside the drawing."""

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
from tests.support.masked_sets import grey_classes
from tests.support.segmenters import AS_IT_IS, ByGrey, ready


def study_of(recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Pairs of crops of the training images, drawn by a model that knows the grey of each class."""
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    dataset = grey_classes(tmp_path / "datasets")
    model = ResolvedModel(ByGrey(ready(recipe, dataset)), None, AS_IT_IS)
    monkeypatch.setattr(create, "resolve_model", lambda *_: model)
    chosen = {"name": "drawings", "models": ("drawer",), "dataset": dataset.manifest.name, "split": "train"}
    return open_study(create.create_study(StudyCreateRequest(**chosen, trials=4, catch_trials=0, crop_px=16, seed=7)))


def test_drawings_stand_beside_the_image_of_their_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This model draws the very greys of the real images, so that both pictures of a pair are one."""
    study = study_of("cgan-masks-small", tmp_path, monkeypatch)
    kinds = [[study.items[name].kind for name in trial.items] for trial in study.key.trials]
    assert all(sorted(pair) == ["generated", "real"] for pair in kinds)
    for trial in study.key.trials:
        left, right = (np.asarray(Image.open(io.BytesIO(file))) for file in picture_files(study, trial.items))
        assert np.array_equal(left, right)
    assert len({file for trial in study.key.trials for file in picture_files(study, trial.items)}) > 1


def test_classes_are_no_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="gives masks, not images"):
        study_of("unet-segment-small", tmp_path, monkeypatch)
