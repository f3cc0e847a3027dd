"""A model that was trained elsewhere is predicted with, scored and handed on like one of our own."""

from pathlib import Path

import numpy as np
import pytest
import torch

import sem_models
from pages.widgets.models import model_labels
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.model_ref import RegistryRef, RunRef
from pipelines.models import resolve_model
from pipelines.release.export import export
from pipelines.release.import_model import import_model
from pipelines.release.requests import ExportRequest, ImportRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.registry import local_folder
from pipelines.tracking.runs import get_run, list_runs
from pipelines.train.create import create_training
from pipelines.train.run import run_training
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.images.micrograph import Micrograph
from tests.support.foreign_models import HAT, published, saved
from tests.support.pages import assert_sound, page


def test_an_imported_model_is_one_of_ours(sem_home: Path, small_dataset: Dataset, tmp_path: Path) -> None:
    network = published("Compact", num_feat=4, num_conv=1, upscale=2)
    # The published network adds its input, repeated; small weights keep the output in the range.
    network.body[-1].weight.mul_(0.01)
    imported = import_model(ImportRequest(file=saved(network, tmp_path / "theirs.pth"), name="theirs"))
    run = get_run(imported.run_id)
    assert run.tags[Tag.IMPORTED_FROM] == "theirs.pth"
    assert "all three channels, and their mean" in imported.summary

    model = resolve_model(RegistryRef("theirs", alias="champion")).model
    unit = np.random.default_rng(0).random((1, 20, 24), np.float32)
    expected = network(torch.from_numpy(unit)[None].expand(-1, 3, -1, -1)).mean(1)
    torch.testing.assert_close(model(torch.from_numpy(unit)[None])[:, 0], expected, rtol=0, atol=1e-5)
    assert "models:/theirs@champion" in model_labels()
    served = local_folder(RegistryRef("theirs", alias="champion"))[0].parent
    assert "spandrel==" in (served / "requirements.txt").read_text()

    app = page("runs", run=imported.run_id)
    assert_sound(app)
    assert "imported from `theirs.pth`" in app.info[0].value
    assert [tab.label for tab in app.tabs] == ["Scores", "Settings"], "nothing was trained: no curves and samples"
    assert app.selectbox(key="scored_on").options == ["small"]
    assert app.text_input(key="register_name").value == "theirs"

    report, scored = evaluate(EvaluateRequest(model="models:/theirs@champion", dataset="small"))
    assert scored == imported.run_id
    assert {"baseline:bicubic", report.model} <= set(report.methods)

    folder = export(ExportRequest(model="models:/theirs@champion", format="folder", out=tmp_path / "out"))
    micrograph = Micrograph(np.full((20, 24, 1), 100, np.uint8), 4.0)
    assert sem_models.restore(sem_models.load_model(folder, "cpu"), micrograph).pixels.shape == (40, 48, 1)


def test_a_published_transformer_for_colours_is_trained_further_on_grey_images(
    sem_home: Path, small_dataset: Dataset, tmp_path: Path
) -> None:
    """The recipe takes the network of the model, between a repetition of the grey channel and a mean."""
    network = published("HAT", in_chans=3, upscale=2, **HAT)
    imported = import_model(ImportRequest(file=saved(network, tmp_path / "theirs.pth"), name="theirs"))
    settings = ["train.steps=2", "train.batch=1", "train.patch=32", "train.validate_every=2"]
    run_id = create_training(override(find_recipe("hat-x2-small"), settings), "small", init=RunRef(imported.run_id))
    run_training(run_id)
    trained = resolve_model(RunRef(run_id)).model
    grey = torch.rand(1, 1, 16, 24)
    before = network(grey.expand(-1, 3, -1, -1)).mean(1)
    moved = (trained(grey)[:, 0] - before).abs().max()
    assert 1e-6 < moved < 0.1, "two steps change little: it began with the published weights"


def test_a_refused_file_leaves_nothing_behind(sem_home: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pth").write_bytes(b"junk")
    with pytest.raises(UserError):
        import_model(ImportRequest(file=tmp_path / "broken.pth", name="theirs"))
    assert list_runs() == []
