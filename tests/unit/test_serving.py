"""A loaded model answers files and arrays, keeps its predictors, and refuses what is too large before decoding it."""

import base64
import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tifffile

from sem_models import serving
from sem_models.config.presets.table import find_recipe
from sem_models.errors import UserError
from sem_models.images.databar import DataBar
from sem_models.images.io.uploads import MOST_REQUEST_SAMPLES
from sem_models.images.io.write import encode_png, encode_tiff
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.inference.told_width import ToldWidthModel
from sem_models.networks.doubt_head import DoubtHead
from sem_models.serving import Deadline, Options, ServedModel, TimeOver
from tests.support.halving import Half, black_to_60000, halving
from tests.support.tiff import decode_tiff

GREY = (np.random.default_rng(0).integers(0, 15000, (40, 50)) * 4).astype(np.uint16)
HALF = GREY // 2


@pytest.fixture
def model() -> Iterator[ServedModel]:
    served = ServedModel(halving())
    yield served
    served.model.network.may_go.set()


def micrograph(pixels: np.ndarray = GREY) -> Micrograph:
    facts = {"voltage_kv": 15.0, "detector": "SE2"}
    return Micrograph(pixels[:, :, None], 2.5, facts, "a.tif")


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def image_of(cell: str) -> Micrograph:
    return decode_tiff(base64.b64decode(cell))


@pytest.mark.parametrize("encode", [encode_tiff, encode_png])
@pytest.mark.parametrize("form", ["tiff", "png"])
def test_files_keep_bit_depth_pixel_size_and_facts(model: ServedModel, encode: Any, form: str) -> None:
    (row,) = model.answer([text(encode(micrograph()))], {"format": form})
    made = image_of(row["image"])
    assert base64.b64decode(row["image"])[1:4] == (b"PNG" if form == "png" else b"I*\0")
    assert made.pixels.dtype == np.uint16
    assert np.array_equal(made.pixels[..., 0], HALF)
    assert made.pixel_size_nm == pytest.approx(2.5)
    assert made.metadata["voltage_kv"] == 15.0
    assert made.metadata["detector"] == "SE2"
    assert made.history[-1].run == "r" * 32


@pytest.mark.parametrize("sent", [GREY, GREY.tolist(), GREY[:, :, None].tolist()])
def test_numbers_come_back_as_numbers(model: ServedModel, sent: Any) -> None:
    (row,) = model.answer([sent], {})
    assert row == {"image": HALF.tolist()}


def test_numbers_have_the_type_that_is_named() -> None:
    model = ServedModel(halving("uint8"))
    with pytest.raises(UserError, match="are no uint8"):
        model.answer([[[0, 256], [3, 4]]], {})
    (row,) = model.answer([GREY.tolist()], {"dtype": "float32"})
    assert isinstance(row["image"][0][0], float)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("not base64 of an image", "not base64"),
        (text(b"no image"), "not a supported image format"),
        ([[1, 2], [3]], "equally many numbers"),
        ([["a"]], "equally many numbers"),
        ([1, 2], "its shape is"),
        ([[]], "its shape is"),
        ([[0.5, 2]], "are no uint16"),
        ([[-1, 2]], "are no uint16"),
        ([[float("nan")]], "not finite"),
        ({"a": 1}, "equally many numbers"),
        (None, "its shape is"),
    ],
)
def test_what_is_no_image_is_refused(model: ServedModel, sent: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        model.answer([sent], {})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"tile_px": 8}, "at least 32"),
        ({"tile_px": -1}, "at least 32"),
        ({"databar": "hide"}, "keep, cut"),
        ({"format": "jpeg"}, "tiff, png"),
        ({"dtype": "object"}, "uint8, uint16"),
        ({"standard_deviation": True}, "has not learned"),
        ({"strength_px": 2.0}, "cannot be told"),
    ],
)
def test_parameters_are_checked(model: ServedModel, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        model.answer([GREY], parameters)


def test_a_request_has_a_number_of_images(model: ServedModel) -> None:
    for count in (0, 65):
        with pytest.raises(UserError, match=f"has {count} images"):
            model.answer([[[1]]] * count, {})


def bomb(edge: int) -> str:
    """A file of some kilobytes with `edge` x `edge` pixels."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.broadcast_to(np.uint8(0), (edge, edge)), compression="zlib", rowsperstrip=edge)
    return text(buffer.getvalue())


def test_bombs_are_refused_by_their_header(model: ServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = bomb(7000)
    assert len(sent) < 100_000
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda *args, **kwargs: pytest.fail("it was decoded"))
    with pytest.raises(UserError, match="samples"):
        model.answer([sent], {})


def test_images_of_one_request_share_the_limit(model: ServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MOST_REQUEST_SAMPLES", 2 * GREY.size)
    image = text(encode_tiff(micrograph()))
    assert len(model.answer([image, image], {})) == 2
    with pytest.raises(UserError, match="samples"):
        model.answer([image] * 3, {})
    with pytest.raises(UserError, match="together"):
        model.answer([GREY] * 3, {})
    assert MOST_REQUEST_SAMPLES == 2**25


def test_answers_that_would_be_too_large_are_refused_before_they_are_computed(
    model: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_ANSWER_SAMPLES", GREY.size)
    model.answer([GREY], {})
    model.model.network.entered.clear()
    with pytest.raises(UserError, match="The answer would have"):
        model.answer([GREY], {"self_ensemble": True, "standard_deviation": True})
    assert not model.model.network.entered.is_set()


def test_the_predictor_is_kept_from_request_to_request(model: ServedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has learned about tiles and backends would be lost otherwise, and no backend would ever be measured."""
    made: list[tuple[Any, ...]] = []

    class Counted(Predictor):
        def __init__(self, *given: Any, **named: Any) -> None:
            made.append(given)
            super().__init__(*given, **named)

    monkeypatch.setattr(serving, "Predictor", Counted)
    for _ in range(3):
        model.answer([GREY], {})
    assert len(made) == 1
    model.answer([GREY], {"tile_px": 32})
    model.answer([GREY], {})
    assert len(made) == 2
    for edge in range(33, 40):
        model.answer([GREY], {"tile_px": edge})
    assert len(model._predictors) == 4


def test_the_ensemble_is_an_option(model: ServedModel) -> None:
    """A halving network sees all orientations alike: the mean is the output, the deviation is 0."""
    (row,) = model.answer([text(encode_tiff(micrograph()))], {"self_ensemble": True, "standard_deviation": True})
    mean, deviation = image_of(row["image"]), image_of(row["standard_deviation"])
    assert np.array_equal(mean.pixels[..., 0], HALF)
    assert deviation.pixels.dtype == np.float32
    assert np.abs(deviation.pixels).max() < 0.01
    assert deviation.pixel_size_nm == pytest.approx(2.5)


def test_a_model_states_the_deviation_that_it_has_learned() -> None:
    head = DoubtHead()
    for weights in head.parameters():
        weights.requires_grad_(False).zero_()
    learned = ServedModel(replace(halving(), doubt=head.eval()))
    (row,) = learned.answer([text(encode_tiff(micrograph()))], {"standard_deviation": True})
    (expected,) = learned.answer([text(encode_tiff(micrograph()))], {})
    stated = image_of(row["standard_deviation"]).pixels
    assert np.array_equal(image_of(row["image"]).pixels, image_of(expected["image"]).pixels)
    # With weights of 0, the head states the root mean square of what was removed, here half of each grey level.
    assert stated.mean() == pytest.approx(np.sqrt((HALF.astype(float) ** 2).mean()), rel=0.02)
    (spread,) = learned.answer([GREY], {"standard_deviation": True, "self_ensemble": True})
    assert np.abs(spread["standard_deviation"]).max() < 0.01


@pytest.mark.parametrize(("choice", "rows"), [("keep", 40), ("cut", 30)])
def test_a_databar_can_be_cut(model: ServedModel, choice: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "find_databar", lambda image: DataBar(10, "detection"))
    (row,) = model.answer([text(encode_tiff(micrograph()))], {"databar": choice})
    assert image_of(row["image"]).height == rows


def test_the_blur_of_a_model_that_can_be_told() -> None:
    recipe = find_recipe("refocus-strength-small")
    recipe = recipe.model_copy(update={"limits": black_to_60000("uint16")})
    model = ServedModel(ToldWidthModel(recipe, Half().requires_grad_(False), "told"))
    (row,) = model.answer([text(encode_tiff(micrograph()))], {"strength_px": 1.25})
    assert "1.25 px" in image_of(row["image"]).history[-1].settings
    with pytest.raises(UserError, match="learned to undo"):
        model.answer([GREY], {"strength_px": 99.0})


def test_work_stops_when_the_time_is_over(model: ServedModel) -> None:
    """Between two tiles; what nobody waits for is not computed."""
    tiles: list[int] = []

    class Late(Deadline):
        def __call__(self, done: int, total: int, what: str) -> None:
            tiles.append(done)
            if done == 2:
                raise self.over()

    late = Late(60)
    with pytest.raises(TimeOver, match="60 s"):
        model.restore(micrograph(np.zeros((400, 400), np.uint16)), Options(tile_px=32), late)
    assert tiles[-1] == 2
    assert model._free.acquire(blocking=False), "the next request can go on"


def test_a_request_waits_for_the_one_before_no_longer_than_it_may(model: ServedModel) -> None:
    network = model.model.network
    network.may_go.clear()
    first = threading.Thread(target=model.answer, args=([GREY], {}))
    first.start()
    assert network.entered.wait(20)
    with pytest.raises(TimeOver):
        model.answer([GREY], {}, 0.05)
    network.may_go.set()
    first.join(20)
    assert model.answer([GREY], {}, 20)


def test_code_stored_by_earlier_versions_calls_it_with_bytes(model: ServedModel) -> None:
    made = decode_tiff(model(encode_tiff(micrograph())))
    assert np.array_equal(made.pixels[..., 0], HALF)
