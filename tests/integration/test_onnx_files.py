"""What an ONNX file says about itself, and how it refuses images of a size that the network does not take.

Exports appear once they are complete.
"""

from pathlib import Path

import numpy as np
import pytest

from pipelines.models import ResolvedModel
from pipelines.release.export import _check_least_size, export
from pipelines.release.requests import ExportFormat, ExportRequest
from sem_models.config.presets.table import find_recipe
from sem_models.inference.model import RestorationModel
from sem_models.networks.table import build_network


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> RestorationModel:
    """What every reference to a model means."""
    recipe = find_recipe("unet-translate-small")
    model = RestorationModel(recipe, build_network(recipe.network).eval(), "model", run_id="abc")
    monkeypatch.setattr(
        "pipelines.release.export.resolve_model", lambda *_: ResolvedModel(model, "abc", recipe.degradation)
    )
    return model


@pytest.fixture
def exported(model: RestorationModel, tmp_path: Path) -> tuple[Path, RestorationModel]:
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


@pytest.mark.parametrize(
    ("form", "writer"),
    [
        ("folder", "pipelines.release.export.save_weights"),
        ("onnx", "shutil.copyfile"),
        ("bioimageio", "bioimageio.spec.save_bioimageio_package"),
    ],
)
def test_an_export_that_was_interrupted_leaves_nothing_that_looks_complete(
    form: ExportFormat, writer: str, model: RestorationModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page offers whatever lies there as a download."""

    def converted(_: RestorationModel, path: Path) -> float:
        path.write_bytes(b"network")
        return 0.0

    def interrupted(*places: object, output_path: Path | None = None, **_: object) -> None:
        half = output_path or next(place for place in reversed(places) if isinstance(place, Path))
        half.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.release.export._converted", converted)
    monkeypatch.setattr("pipelines.release.export._description", lambda *_: None)
    monkeypatch.setattr(writer, interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(ExportRequest(model="a" * 32, format=form, out=tmp_path / "steel-v1"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_written_again_keeps_the_other_files_in_it(model: RestorationModel, tmp_path: Path) -> None:
    out = tmp_path / "steel"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    for _ in range(2):
        export(ExportRequest(model="a" * 32, format="folder", out=out))
        assert sorted(path.name for path in out.iterdir()) == ["model.safetensors", "notes.txt", "recipe.json"]
    assert list(tmp_path.iterdir()) == [out]
