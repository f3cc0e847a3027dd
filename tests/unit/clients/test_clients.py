"""The clients restore images through a running server, without the workbench."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile

from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.scoring_server import scoring_server

CLIENTS = Path(__file__).resolve().parents[3] / "clients"
TOKEN = "of sixteen letters"  # noqa: S105
GREY = (np.random.default_rng(0).integers(0, 15000, (40, 50)) * 4).astype(np.uint16)
HALF = GREY // 2


def client_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CLIENTS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


sem_client = client_module("sem_client")
napari_sem = client_module("napari_sem")
fiji = client_module("SEM_Workbench")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with scoring_server(TOKEN) as found:
        yield found


@pytest.fixture
def client(address: str) -> Any:
    return sem_client.Client(address, TOKEN)


def test_clients_do_not_need_the_workbench() -> None:
    for path in CLIENTS.glob("*.py"):
        assert "sem_models" not in path.read_text()
        assert "pipelines" not in path.read_text()


def test_arrays_and_pixel_sizes(client: Any) -> None:
    assert client.is_there()
    made = client.restore(GREY, pixel_size_nm=2.5)
    assert made.dtype == np.uint16
    assert np.array_equal(made, HALF)
    answer = client.restore_content(sem_client.encoded(GREY, 2.5), self_ensemble=True, standard_deviation=True)
    pixels, nm = sem_client.decoded(answer.image)
    assert np.array_equal(pixels, HALF)
    assert nm == pytest.approx(2.5)
    assert sem_client.decoded(answer.standard_deviation)[0].max() < 0.01
    assert sem_client.decoded(sem_client.encoded(GREY))[1] is None


def test_files_keep_their_facts(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEM_SERVE_TOKEN", TOKEN)
    write_micrograph(tmp_path / "a.png", Micrograph(GREY[:, :, None], 2.5, {"voltage_kv": 15.0}))
    names = [str(tmp_path / name) for name in ("a.png", "out.tif", "std.tif")]
    assert sem_client.main([address, names[0], names[1], "--deviation", names[2]]) == 0
    made = read_micrograph(tmp_path / "out.tif")
    assert np.array_equal(made.pixels[..., 0], HALF)
    assert (made.pixel_size_nm, made.metadata["voltage_kv"]) == (pytest.approx(2.5), 15.0)
    assert read_micrograph(tmp_path / "std.tif").pixels.dtype == np.float32


@pytest.mark.parametrize(
    ("token", "parameters", "said"),
    [
        ("wrong", {}, "401.*token"),
        (TOKEN, {"tile": 3}, "400.*no parameter tile"),
        (TOKEN, {"databar": "x"}, "keep, cut"),
    ],
)
def test_refusals_say_why(address: str, token: str, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(sem_client.ServerError, match=said):
        sem_client.Client(address, token).restore(GREY, **parameters)


def test_a_server_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = sem_client.Client("http://127.0.0.1:9")
    assert not gone.is_there()
    with pytest.raises(sem_client.ServerError, match="gave no answer"):
        gone.restore(GREY)
    with pytest.raises(sem_client.ServerError, match="http://HOST:PORT"):
        sem_client.Client("file:///etc/passwd")
    assert sem_client.main(["http://127.0.0.1:9", str(tmp_path / "none.tif"), "out.tif"]) == 2
    assert "none.tif" in capsys.readouterr().err


def layer(data: np.ndarray, **others: Any) -> Any:
    """What the widget reads of a layer of napari."""
    return SimpleNamespace(**{"data": data, "name": "a", "scale": (2.0, 2.0), "translate": (0.0, 10.0), **others})


def test_the_napari_widget_adds_layers_over_the_original(client: Any) -> None:
    options = {"self_ensemble": True, "standard_deviation": True}
    mean, deviation = napari_sem.restored_layers(client, layer(GREY), options)
    assert np.array_equal(mean.data, HALF)
    assert mean.options == {"name": "a restored", "scale": (2.0, 2.0), "translate": (0.0, 10.0)}
    assert deviation.options["name"] == "a standard deviation"


def test_the_layer_of_an_enlarging_model_covers_the_original() -> None:
    """Pixels of half the size: the outer corner of the first is where it was, a quarter of a pixel from its centre."""
    made = napari_sem._layer(
        layer(GREY), GREY.shape, "restored", sem_client.encoded(np.repeat(GREY, 2, 0).repeat(2, 1))
    )
    assert made.options["scale"] == (1.0, 1.0)
    assert made.options["translate"] == (-0.5, 9.5)


@pytest.mark.parametrize(
    ("units", "expected"), [(("nanometer",) * 2, 2.0), (("µm",) * 2, 2000.0), (("pixel",) * 2, None), (None, None)]
)
def test_the_pixel_size_of_a_layer(units: Any, expected: float | None) -> None:
    assert napari_sem._pixel_size_nm(layer(GREY, units=units)) == expected


def test_stacks_are_refused_by_the_widget(client: Any) -> None:
    with pytest.raises(sem_client.ServerError, match="3 dimensions"):
        napari_sem.restored_layers(client, layer(np.zeros((2, 8, 8))), {})


class FijiImage:
    """What the script uses of an image of ImageJ."""

    def __init__(self, pixels: np.ndarray, nm: float = 0) -> None:
        self.pixels, self.title, self.shown = pixels, "a.tif", False
        self.calibration = SimpleNamespace(
            pixelWidth=nm, pixelHeight=nm, copy=lambda: SimpleNamespace(**vars(self.calibration))
        )
        self.getNSlices = self.getNFrames = self.getNChannels = lambda: 1
        self.getBitDepth, self.duplicate = lambda: 16, lambda: self
        self.getTitle, self.setTitle = lambda: self.title, lambda title: setattr(self, "title", title)
        self.getWidth, self.getHeight = lambda: self.pixels.shape[1], lambda: self.pixels.shape[0]
        self.getCalibration = lambda: self.calibration
        self.setCalibration = lambda calibration: setattr(self, "calibration", calibration)
        self.show = lambda: setattr(self, "shown", True)


def imagej(made: list[Any]) -> Any:
    """ImageJ's module, which keeps the images that it opened and the errors that it showed."""

    def opened(path: str) -> FijiImage:
        made.append(FijiImage(tifffile.imread(path)))
        return made[-1]

    return SimpleNamespace(
        IJ=SimpleNamespace(
            saveAsTiff=lambda image, path: tifffile.imwrite(path, image.pixels),
            openImage=opened,
            error=lambda title, text: made.append(text),
        )
    )


def test_the_fiji_script_shows_the_restored_image(address: str) -> None:
    made: list[Any] = []
    fiji.run(FijiImage(GREY, 2.5), imagej(made), address, TOKEN, True)
    (image,) = made
    assert np.array_equal(image.pixels, HALF)
    assert (image.title, image.shown, image.calibration.pixelWidth) == ("a.tif restored", True, 2.5)


@pytest.mark.parametrize(("token", "said"), [("wrong", "token"), (TOKEN, "single grey image")])
def test_the_fiji_script_says_what_is_wrong(address: str, token: str, said: str) -> None:
    made: list[Any] = []
    image = FijiImage(GREY)
    if token == TOKEN:
        image.getNSlices = lambda: 3
    fiji.run(image, imagej(made), address, token, False)
    (text,) = made
    assert said in text
