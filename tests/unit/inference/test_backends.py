"""A backend is used only where it pays, agrees with PyTorch and works; everything else stays as PyTorch computes it."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.config.networks.table import NetworkConfig
from sem_models.config.networks.vdsr import VDSRConfig
from sem_models.config.presets.table import find_recipe
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.backends import graph as graphs
from sem_models.inference.backends import probe, runner
from sem_models.inference.backends.base import Compiled, Tiles, Unusable, difference
from sem_models.inference.backends.graph import graph_of
from sem_models.inference.backends.onnx_runtime import OnnxRuntime
from sem_models.inference.backends.openvino import OpenVino
from sem_models.inference.backends.record import Record, machine, recall, remember
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.networks.table import build_network
from sem_models.serving import Options, ServedModel

NETWORK = SRResNetConfig(scale=2, blocks=1, width=8)
IMAGE = np.random.default_rng(0).random((1, 80, 90), np.float32)


def restoration(config: NetworkConfig = NETWORK, seed: int = 1) -> RestorationModel:
    """A model whose weights are large enough for every layer to matter."""
    network = build_network(config).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.ndim > 1:
            parameter.data = torch.randn(parameter.shape, generator=generator) / parameter[0].numel() ** 0.5
    recipe = find_recipe("srresnet-x2-small").model_copy(update={"network": config})
    return RestorationModel(recipe, network, "model")


@dataclass
class StandIn:
    """Computes the model itself, plus an error; counts what it is asked for."""

    model: RestorationModel
    error: float = 0.0
    fails_at: int = 10**9
    """Number of the call that raises."""
    calls: int = 0
    compiled: int = 0
    name = "openvino"
    title = "Stand-in"
    missing: str = ""
    seen: list[Tiles] = field(default_factory=list)

    def version(self) -> str:
        if self.missing:
            raise Unusable(self.missing)
        return "1.0"

    def compile(self, graph: bytes, threads: int) -> Compiled:
        self.compiled += 1

        def run(tiles: Tiles) -> Tiles:
            self.calls += 1
            if self.calls >= self.fails_at:
                raise RuntimeError("broken")
            with torch.inference_mode():
                return self.model(torch.from_numpy(tiles)).numpy() + np.float32(self.error)

        return run


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without a store, in which nothing was measured yet."""
    monkeypatch.setenv("SEM_HOME", str(tmp_path))


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, cache: None) -> Callable[..., StandIn]:
    """Install a stand-in as the only backend, found to be ten times as fast, for images however small."""

    def install(backend: StandIn, worth_s: float = 0.0) -> StandIn:
        for module in (runner, probe):
            monkeypatch.setattr(module, "graph_of", lambda *_: b"graph")
        monkeypatch.setattr(probe, "import_exporter", lambda: None)
        monkeypatch.setattr(runner, "BACKENDS", (backend,))
        monkeypatch.setattr(runner, "WORTH_S", worth_s)
        monkeypatch.setattr(runner, "_ENOUGH_PX", 0)
        monkeypatch.setattr(probe, "_EDGE", 32)
        monkeypatch.setattr(probe, "_LARGEST_EDGE", 40)
        monkeypatch.setattr(probe, "_in_turns", lambda runs, *_: {name: 1.0 / 10 ** (name != "torch") for name in runs})
        return backend

    return install


def by_torch(model: RestorationModel) -> np.ndarray:
    return Predictor(model, "cpu", tile=32, backend="torch").predict_unit(IMAGE)


def test_chosen_backend_computes_the_image_and_is_named(use: Callable[..., StandIn], tmp_path: Path) -> None:
    model = restoration()
    backend = use(StandIn(model, error=3e-6))
    predictor = Predictor(model, "cpu", tile=32)
    found = predictor.predict_unit(IMAGE)
    np.testing.assert_allclose(found - by_torch(model), 3e-6, atol=1.5e-6)
    assert predictor.backends == {"Stand-in 1.0"}
    (step,) = predictor.predict(Micrograph(IMAGE[0, :, :, None])).history
    assert step.backend == "Stand-in 1.0"
    predictor.predict_to_file(Micrograph(IMAGE[0, :, :, None]), tmp_path / "a.tif")
    assert read_micrograph(tmp_path / "a.tif").history[-1].backend == "Stand-in 1.0"
    assert backend.compiled == 2, "once for the probe, once for the tiles"


def test_what_was_measured_is_remembered(use: Callable[..., StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
    model = restoration()
    backend = use(StandIn(model))
    Predictor(model, "cpu", tile=32).predict_unit(IMAGE)
    monkeypatch.setattr(runner, "probe", lambda *_: pytest.fail("measured again"))
    other = restoration(seed=2)
    backend.model = other
    predictor = Predictor(other, "cpu", tile=32)
    np.testing.assert_allclose(predictor.predict_unit(IMAGE), by_torch(other), atol=1e-5)
    assert predictor.backends, "other weights of the same network"
    assert recall(restoration(SRResNetConfig(scale=2, blocks=2, width=8))) is None
    torch.set_num_threads((threads := torch.get_num_threads()) + 1)
    try:
        assert recall(model) is None, "measured with another number of threads"
    finally:
        torch.set_num_threads(threads)


def test_small_work_stays_with_pytorch_until_there_was_enough(use: Callable[..., StandIn]) -> None:
    model = restoration()
    backend = use(StandIn(model), worth_s=1e9)
    predictor = Predictor(model, "cpu")
    found = [predictor.predict_unit(IMAGE) for _ in range(2)]
    assert backend.compiled == 0
    assert np.array_equal(found[0], Predictor(model, "cpu", backend="torch").predict_unit(IMAGE))
    runner.WORTH_S = 0.0
    predictor.predict_unit(IMAGE)
    assert backend.calls, "what images of this size have taken counts"


def measuring() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "backends"]


def test_predictions_go_on_while_backends_are_measured(
    use: Callable[..., StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No tile is measured while somebody holds the lock, and until a backend is ready PyTorch computes the images."""
    model = restoration()
    measured, go_on = threading.Event(), threading.Event()

    def remember(*_: object) -> None:
        measured.set()
        assert go_on.wait(60)

    backend = use(StandIn(model))
    monkeypatch.setattr(runner, "remember", remember)
    turns, expected = threading.Lock(), by_torch(model)
    predictor = Predictor(model, "cpu", tile=32, turns=turns)
    with turns:
        assert np.array_equal(predictor.predict_unit(IMAGE), expected)
        (thread,) = measuring()
        time.sleep(0.2)
        assert backend.compiled == 0
    assert measured.wait(60)
    with turns:
        assert np.array_equal(predictor.predict_unit(IMAGE), expected)
    assert measuring() == [thread]
    assert not predictor.backends
    go_on.set()
    thread.join(60)
    with turns:
        np.testing.assert_allclose(predictor.predict_unit(IMAGE), expected, atol=1e-5)
    assert predictor.backends == {"Stand-in 1.0"}


def test_a_served_model_answers_while_backends_are_measured(
    use: Callable[..., StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = restoration()
    use(StandIn(model))
    go_on = threading.Event()
    monkeypatch.setattr(runner, "remember", lambda *_: go_on.wait(60))
    served = ServedModel(model)
    image = Micrograph(IMAGE[0, :, :, None])
    backends = [served.restore(image, Options()).image.history[-1].backend for _ in range(2)]
    go_on.set()
    for thread in measuring():
        thread.join(60)
    backends.append(served.restore(image, Options()).image.history[-1].backend)
    assert backends == ["", "", "Stand-in 1.0"]


def test_whatever_fails_while_backends_are_measured_leaves_pytorch(
    use: Callable[..., StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = restoration()
    use(StandIn(model))
    monkeypatch.setattr(runner, "remember", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
    turns = threading.Lock()
    predictor = Predictor(model, "cpu", tile=32, turns=turns)
    for _ in range(2):
        with turns:
            assert np.array_equal(predictor.predict_unit(IMAGE), by_torch(model))
        for thread in measuring():
            thread.join(60)
    assert not predictor.backends


@pytest.mark.parametrize(
    "broken", [{"error": 1e-3}, {"error": np.nan}, {"missing": "it is not there"}, {"fails_at": 1}]
)
def test_refused_backends_leave_the_output_untouched(use: Callable[..., StandIn], broken: dict[str, float]) -> None:
    model = restoration()
    use(StandIn(model, **broken))  # type: ignore[arg-type]
    predictor = Predictor(model, "cpu", tile=32)
    assert np.array_equal(predictor.predict_unit(IMAGE), by_torch(model))
    assert not predictor.backends
    assert recall(model).refused["openvino"]


@pytest.mark.parametrize("change", [{"error": 1e-2}, {"fails_at": 0}])
def test_backend_that_fails_on_a_tile_is_left(
    use: Callable[..., StandIn], change: dict[str, float], caplog: pytest.LogCaptureFixture
) -> None:
    """The probe found it good, with other weights or in an earlier process."""
    model = restoration()
    backend = use(StandIn(model))
    Predictor(model, "cpu", tile=32).predict_unit(IMAGE)
    backend.__dict__.update(change)
    with caplog.at_level(logging.INFO):
        predictor = Predictor(model, "cpu", tile=32)
        assert np.array_equal(predictor.predict_unit(IMAGE), by_torch(model))
    assert "is computed by PyTorch: Stand-in: it" in caplog.text
    tried = backend.compiled
    predictor.predict_unit(IMAGE)
    assert backend.compiled == tried, "not tried again"


def test_backend_that_fails_half_way_is_left(use: Callable[..., StandIn]) -> None:
    model = restoration()
    backend = use(StandIn(model))
    Predictor(model, "cpu", tile=32).predict_unit(IMAGE)
    backend.fails_at = backend.calls + 4
    found = Predictor(model, "cpu", tile=32).predict_unit(IMAGE)
    np.testing.assert_allclose(found, by_torch(model), atol=1e-5)


def test_forced_backend_says_why_it_cannot(use: Callable[..., StandIn]) -> None:
    model = restoration()
    backend = use(StandIn(model, missing="it is not installed"))
    forced = Predictor(model, "cpu", tile=32, backend="openvino")
    with pytest.raises(UserError, match="backend=openvino: model: Stand-in: it is not installed; choose auto"):
        forced.predict_unit(IMAGE)
    backend.missing = ""
    forced.predict_unit(IMAGE)
    assert forced.backends == {"Stand-in 1.0"}
    backend.error = 0.1
    with pytest.raises(UserError, match="differs from that of PyTorch by"):
        Predictor(model, "cpu", tile=32, backend="openvino").predict_unit(IMAGE)


def test_record_is_kept_whole(cache: None) -> None:
    model = restoration()
    facts = {"machine": machine(), "network": "n", "pixels": 9, "refused": {}}
    times = {"torch_s": 1.0, "export_s": 1.0, "compile_s": 1.0}
    record = Record(**facts, **times, backends_s={"openvino": 0.5, "onnx": 0.95})
    remember(model, record)
    assert recall(model) == record
    assert (record.best, record.saved) == ("openvino", 0.5)
    assert Record(**facts, **times, backends_s={"onnx": 0.95}).best == "torch"


def test_difference() -> None:
    expected = np.array([[[[0.0, 2.0]]]], np.float32)
    assert difference(expected + np.float32(0.5), expected) == pytest.approx(0.25)
    assert difference(np.full_like(expected, 0.01), np.zeros_like(expected)) == pytest.approx(0.1)
    assert difference(expected[..., :1], expected) == float("inf")


def test_real_backends_agree(cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """VDSR enlarges inside the network, which the backends do in ways of their own at the edges of a tile."""
    pytest.importorskip("onnxscript")
    config, tile = VDSRConfig(scale=2, depth=3, width=4), np.random.default_rng(1).random((1, 1, 24, 32), np.float32)
    graph_of(restoration(config), (1, 24, 32))
    monkeypatch.setattr(graphs, "_exported", lambda *_: pytest.fail("exported again"))
    other = restoration(config, seed=2)
    graph, tried = graph_of(other, (1, 24, 32)), []
    for backend in (OpenVino(), OnnxRuntime()):
        with contextlib.suppress(Unusable):
            backend.version()
            tried.append(difference(backend.compile(graph, 1)(tile), by_layers(other, tile)))
    assert tried
    assert max(tried) < 1e-6


def by_layers(model: RestorationModel, tile: Tiles) -> Tiles:
    with torch.inference_mode():
        return model(torch.from_numpy(tile)).numpy()
