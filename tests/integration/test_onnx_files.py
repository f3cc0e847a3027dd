"""What an ONNX file says about itself, and how it refuses images of a size that the network does not take."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.models import ResolvedModel
from pipelines.release.export import export
from pipelines.release.requests import ExportRequest
from sem_models.config.presets.table import find_recipe
from sem_models.inference.model import RestorationModel
from sem_models.networks.table import build_network


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, RestorationModel]:
    recipe = find_recipe("unet-translate-small")
    model = RestorationModel(recipe, build_network(recipe.network).eval(), "model", run_id="abc")
    monkeypatch.setattr(
        "pipelines.release.export.resolve_model", lambda *_: ResolvedModel(model, "abc", recipe.degradation)
    )
    return export(ExportRequest(model="a" * 32, format="onnx", out=tmp_path / "m.onnx")), model


def test_metadata_and_sizes(exported: tuple[Path, RestorationModel]) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    path, model = exported
    step = model.capabilities.size_multiple
    assert step > 1
    session = onnxruntime.InferenceSession(str(path))
    told = session.get_modelmeta()
    assert told.custom_metadata_map["recipe"] == model.recipe.name
    assert told.custom_metadata_map["run"] == "abc"
    assert told.custom_metadata_map["size_multiple"] == str(step)
    assert told.custom_metadata_map["software"].startswith("SEM Workbench")
    with pytest.raises(Exception, match=f"height_and_width_must_be_multiples_of_{step}"):
        session.run(None, {"image": np.zeros((1, 1, 8 * step + 1, 8 * step), np.float32)})
