"""A tiled prediction equals the whole-image prediction, for any size, memory or padding."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor, nn

from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.srresnet import SRResNetConfig, capabilities
from sem_models.config.networks.vdsr import VDSRConfig
from sem_models.config.networks.vdsr import capabilities as vdsr_capabilities
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import Bicubic, Identity
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.inference.tiling.memory import LiveBytes
from sem_models.inference.tiling.plan import best_tile, plan_axis
from sem_models.inference.tiling.stream import BandAccumulator
from sem_models.networks.srresnet import SRResNet
from sem_models.networks.vdsr import VDSR
from tests.support.tiled import Model, whole_image


class SmallUNet(nn.Module):
    """A network with stride four and repeated coarse features, whose output depends on the position of the grid."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 1, 3, padding=1)
        self.halve, self.quarter = (nn.Conv2d(8, 8, 3, stride=2, padding=1) for _ in range(2))
        self.deep = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        fine = self.first(x).relu()
        coarse = self.deep(self.quarter(self.halve(fine).relu()).relu()).relu()
        return self.last(fine + F.interpolate(coarse, scale_factor=4.0))


class Windows(nn.Module):
    """Each pixel minus the mean of its 8 x 8 window, like attention that is limited to windows."""

    def forward(self, x: Tensor) -> Tensor:
        return x - F.interpolate(F.avg_pool2d(x, 8), scale_factor=8.0)


SRRESNET = SRResNetConfig(scale=2, blocks=2, width=8)
VDSR_CONFIG = VDSRConfig(scale=4, depth=4, width=8)
MODELS = {
    "srresnet": Model(SRResNet(SRRESNET), capabilities(SRRESNET)),
    "vdsr": Model(VDSR(VDSR_CONFIG), vdsr_capabilities(VDSR_CONFIG)),
    "multiple": Model(SRResNet(SRRESNET), replace(capabilities(SRRESNET), size_multiple=8)),
    # From the output at i inwards: i - 1, its coarse pixel begins up to 3 before, 4 x 1 + 2 + 1 in the coarse
    # convolutions, 1 in the first.
    "unet": Model(SmallUNet(), Capabilities(1, 1, 1, receptive_field=12, size_multiple=4)),
    "windows": Model(Windows(), Capabilities(1, 1, 1, receptive_field=7, size_multiple=8)),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [(97, 131), (64, 203), (33, 34)])
def test_tiled_equals_whole(name: str, size: tuple[int, int]) -> None:
    model = MODELS[name]
    image = np.random.default_rng(0).random((1, *size), np.float32)
    tiled = Predictor(model, "cpu", tile=32, batch=3).predict_unit(image)
    np.testing.assert_allclose(tiled, whole_image(model, image), atol=1e-5)


def test_tiles_cover_and_overlap() -> None:
    for length, multiple in product((1, 31, 32, 33, 100, 257, 1001), (1, 4, 7, 8)):
        spans = plan_axis(length, 32, 12, multiple)
        covered = np.zeros(length, int)
        for span in spans:
            covered[span.start : span.start + span.size] += 1
            assert span.start >= 0
            assert span.start % multiple == 0
            assert span.size % multiple == 0
        assert covered.min() >= 1
        assert {span.size for span in spans} == {spans[0].size}
        for before, after in pairwise(spans):
            assert before.start + before.size - after.start >= 12


@pytest.mark.parametrize("size", [(4096, 4096), (700, 1280), (300, 5000), (257, 257)])
@pytest.mark.parametrize(("halo", "multiple"), [(7, 1), (26, 4), (64, 8), (122, 16)])
def test_chosen_tiles_waste_little_and_fit(size: tuple[int, int], halo: int, multiple: int) -> None:
    """With room for 40 halos on each side, no more than 1.1 pixels are computed for each pixel of the image."""
    padded = [-(-length // multiple) * multiple for length in size]

    def computed(most_pixels: int) -> float:
        tile = best_tile(size, 2 * halo, multiple, most_pixels)
        down, across = (plan_axis(size[axis], tile[axis], 2 * halo, multiple) for axis in (0, 1))
        assert down[0].size * across[0].size <= most_pixels
        return len(down) * down[0].size * len(across) * across[0].size / (padded[0] * padded[1])

    roomy = max((40 * halo) ** 2, 500_000)
    assert computed(roomy) <= 1.1 * size[0] * size[1] / (padded[0] * padded[1]) or computed(roomy) == 1
    assert computed(roomy) <= computed(roomy // 8)
    assert best_tile(size, 2 * halo, multiple, 10**9) != size or size[0] * size[1] < 500_000


def test_tiles_advance_by_their_size_without_the_halo() -> None:
    model = OneAtATime(10**9)
    assert model.capabilities.halo == 7
    Predictor(model, "cpu", tile=32).predict_unit(np.zeros((1, 200, 220), np.float32))
    rows, columns = (-(-(length - 2 * 7) // 32) for length in (200, 220))
    assert len(model.shapes) == rows * columns


def test_tiles_are_chosen_by_image_halo_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model counts what it is given: the whole result is right, and little was computed twice."""
    image = np.random.default_rng(0).random((1, 600, 700), np.float32)
    model = OneAtATime(10**9)
    result = Predictor(model, "cpu").predict_unit(image)
    np.testing.assert_allclose(result, whole_image(model, image), atol=1e-5)
    tiles = [height * width for _, _, height, width in model.shapes[1:-1]]  # without the probe and the whole image
    assert len(tiles) > 4
    assert image.size < sum(tiles) <= 1.1 * image.size
    monkeypatch.setattr("sem_models.inference.tiling.memory._SMALLEST", 64)
    monkeypatch.setattr("sem_models.inference.tiling.memory._MOST_BYTES", 6 * 10**6)
    tight = OneAtATime(10**9)
    np.testing.assert_allclose(Predictor(tight, "cpu").predict_unit(image), result, atol=1e-5)
    largest = max((shape[2:] for shape in tight.shapes), key=lambda shape: shape[0] * shape[1])
    with torch.inference_mode(), LiveBytes() as live:
        tight(torch.rand(1, 1, *largest))
    assert 2 * 10**6 < live.peak <= 6 * 10**6


def test_live_bytes_of_a_chain() -> None:
    """While a ReLU of the last convolution is computed, its input, its output and the convolution's input are alive."""
    network = nn.Sequential(*[nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()) for _ in range(3)])
    x = torch.rand(1, 8, 40, 40)
    with torch.inference_mode(), LiveBytes() as live:
        network(x)
    assert live.peak == 3 * 8 * 40 * 40 * 4
    with torch.inference_mode(), LiveBytes() as live:
        nn.ReLU(inplace=True)(x.view(1, 8, 1600))
    assert live.peak <= x.nbytes


def test_one_pixel_and_tiny_images() -> None:
    for size in ((1, 1), (2, 3), (1, 50)):
        out = Predictor(MODELS["multiple"], "cpu").predict_unit(np.full((1, *size), 0.5, np.float32))
        assert out.shape == (1, size[0] * 2, size[1] * 2)
        assert np.isfinite(out).all()


class Hungry(Model):
    """Runs out of memory on anything larger than 64 pixels, and once in the middle of an image."""

    def __init__(self) -> None:
        super().__init__(SRResNet(SRRESNET), capabilities(SRRESNET))
        self.calls = 0

    def __call__(self, x: Tensor) -> Tensor:
        self.calls += 1
        if x.shape[-1] > 80 or self.calls == 6:
            raise torch.OutOfMemoryError("simulated")
        return super().__call__(x)


def test_out_of_memory_halves_the_tile() -> None:
    image = np.random.default_rng(0).random((1, 200, 220), np.float32)
    hungry = Hungry()
    result = Predictor(hungry, "cpu", tile=256, batch=4).predict_unit(image)
    expected = Predictor(MODELS["srresnet"], "cpu", tile=512).predict_unit(image)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    assert hungry.calls > 6


def test_permanent_out_of_memory_is_one_line() -> None:
    class Full(Hungry):
        def __call__(self, x: Tensor) -> Tensor:
            raise torch.OutOfMemoryError("simulated")

    with pytest.raises(UserError, match=r"not even one tile.*free memory by closing"):
        Predictor(Full(), "cpu", batch=4).predict_unit(np.zeros((1, 40, 40), np.float32))
    with pytest.raises(UserError, match=r"not even one tile.*free memory by closing"):
        Predictor(Full(), "cpu").predict_unit(np.zeros((1, 400, 400), np.float32))  # too large to be tried as a whole


class OneAtATime(Model):
    """A network with memory for `room` input pixels of any shape."""

    def __init__(self, room: int) -> None:
        super().__init__(SRResNet(SRRESNET), capabilities(SRRESNET))
        self.room = room
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, x: Tensor) -> Tensor:
        self.shapes.append(tuple(x.shape))
        if x.shape[0] * x.shape[2] * x.shape[3] > self.room:
            raise RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")
        return super().__call__(x)


def test_out_of_memory_lowers_the_batch_before_the_tile_and_remembers() -> None:
    image = np.random.default_rng(0).random((1, 90, 200), np.float32)
    model = OneAtATime(50 * 50)  # one tile of 37 x 37 px to 41 x 41 px, but not two
    predictor = Predictor(model, "cpu", tile=32, batch=4)
    expected = Predictor(MODELS["srresnet"], "cpu", tile=512).predict_unit(image)
    np.testing.assert_allclose(predictor.predict_unit(image), expected, atol=1e-5)
    assert [shape[0] for shape in model.shapes[:3]] == [4, 2, 1]
    assert len({shape[2:] for shape in model.shapes}) == 1
    model.shapes.clear()
    predictor.predict_unit(image)
    assert {shape[0] for shape in model.shapes} == {1}


def test_finished_rows_are_not_computed_again() -> None:
    """Memory runs out half way down the image; the rows above are not computed twice."""

    class Late(OneAtATime):
        def __call__(self, x: Tensor) -> Tensor:
            if len(self.shapes) == 9:
                self.room = 2000
            return super().__call__(x)

    image = np.random.default_rng(0).random((1, 1000, 40), np.float32)
    late = Late(10**6)
    result = Predictor(late, "cpu", tile=64).predict_unit(image)
    expected = Predictor(MODELS["srresnet"], "cpu", tile=2048).predict_unit(image)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    before, after = (sum(shape[2] for shape in part) for part in (late.shapes[:9], late.shapes[10:]))
    assert before + after < 1000 * 2
    assert late.shapes[9] == late.shapes[8] != late.shapes[10]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_native_dtype_pixel_size_and_provenance(tmp_path: Path, dtype: type) -> None:
    rng = np.random.default_rng(0)
    pixels = (rng.random((60, 70, 1)) * 200).astype(dtype)
    micrograph = Micrograph(pixels, 2.36, {"voltage_kv": 5.0}, "a.tif")
    result = Predictor(Bicubic(4), "cpu").predict(micrograph)
    assert result.pixels.dtype == dtype
    assert result.pixels.shape == (240, 280, 1)
    assert result.pixel_size_nm == pytest.approx(0.59)
    assert "baseline:bicubic" in result.provenance
    assert float(np.abs(result.pixels.astype(float).mean() - pixels.astype(float).mean())) < 2

    source = tmp_path / "a.tif"
    write_micrograph(source, micrograph)
    predictor = Predictor(Bicubic(4), "cpu", tile=32)
    predictor.predict_to_file(read_micrograph(source), tmp_path / "b.tif")
    streamed = read_micrograph(tmp_path / "b.tif")
    np.testing.assert_allclose(streamed.pixels.astype(float), result.pixels.astype(float), atol=1e-3)
    assert streamed.pixel_size_nm == pytest.approx(0.59)


def test_memory_is_bounded_by_a_band(monkeypatch: pytest.MonkeyPatch) -> None:
    heights = []

    class Watching(BandAccumulator):
        def add(self, *tile: Any) -> None:
            super().add(*tile)
            heights.append(self._sum.shape[1])

    monkeypatch.setattr("sem_models.inference.tiling.stream.BandAccumulator", Watching)
    Predictor(Bicubic(2), "cpu", tile=32).predict_unit(np.zeros((1, 1000, 40), np.float32))
    assert max(heights) <= 2 * (32 + 2 * 3) + 2 * 9


def test_the_input_stays_in_its_own_type(tmp_path: Path) -> None:
    """Converting an image with 2 bytes per pixel would take 8 more as float64 and 4 more as float32."""
    pixels = np.random.default_rng(0).integers(0, 40000, (3000, 600, 1)).astype(np.uint16)
    predictor = Predictor(Identity(1), "cpu", tile=32)
    tracemalloc.start()
    predictor.predict_to_file(Micrograph(pixels, source="a.tif"), tmp_path / "b.tif")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * pixels.size


def test_cancel_from_progress() -> None:
    from sem_models.errors import Cancelled

    def stop(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Predictor(Bicubic(2), "cpu", tile=32).predict_unit(np.zeros((1, 100, 40), np.float32), stop)


class Squared(Model):
    """A nonlinear model, whose output in native grey levels depends on the intensity limits."""

    def __init__(self) -> None:
        super().__init__(nn.Identity(), Capabilities(1, 1, 1, 0))

    def __call__(self, x: Tensor) -> Tensor:
        return x * x


def test_writing_in_a_data_bar_does_not_change_the_specimen(tmp_path: Path) -> None:
    specimen = np.random.default_rng(0).integers(4000, 20000, (200, 300)).astype(np.uint16)
    bar = Image.new("L", (300, 30), 0)
    ImageDraw.Draw(bar).text((10, 8), "EHT = 5.00 kV   WD = 4.2 mm   Mag = 10.00 K X   2 um", fill=255)
    with_bar = np.vstack([specimen, np.asarray(bar).astype(np.uint16) * 257])
    predictor = Predictor(Squared(), "cpu")
    alone = predictor.predict(Micrograph(specimen[..., None])).pixels
    assert np.array_equal(predictor.predict(Micrograph(with_bar[..., None])).pixels[:200], alone)
    predictor.predict_to_file(Micrograph(with_bar[..., None]), tmp_path / "a.tif")
    assert np.array_equal(read_micrograph(tmp_path / "a.tif").pixels[:200], alone)
