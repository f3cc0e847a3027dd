"""What an ONNX file says about itself, and how it refuses images of a size that the network does not take."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.models import ResolvedModel
from pipelines.release.export import _check_least_size, export
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


def test_image_below_the_window_of_a_network_is_refused_by_name() -> None:
    """The check alone, in front of a network that changes nothing: it must not change anything either."""
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    form = [1, 1, "height", "width"]
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, form) for name in ("image", "restored")]
    node = onnx.helper.make_node("Identity", ["image"], ["restored"])
    graph = onnx.helper.make_graph([node], "nothing", ends[:1], ends[1:])
    _check_least_size(graph, 16)
    opset = [onnx.helper.make_opsetid("", 18)]
    session = onnxruntime.InferenceSession(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    )
    image = np.random.default_rng(0).random((1, 1, 16, 20), np.float32)
    image[0, 0, 15, 15] = np.nan
    np.testing.assert_array_equal(session.run(None, {"image": image})[0], image)
    for size, name in (((15, 20), "height_must_be_at_least_16"), ((16, 15), "width_must_be_at_least_16")):
        with pytest.raises(Exception, match=name):
            session.run(None, {"image": np.zeros((1, 1, *size), np.float32)})
