"""Instance norm compared with PyTorch's, and its statistics shared by all tiles compared with the untiled result."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.measure import block_reduce
from torch import Tensor, nn

from sem_models.config.networks.resnet_generator import ResNetConfig, capabilities
from sem_models.errors import UserError
from sem_models.inference.predictor import Predictor
from sem_models.inference.tiling.plan import plan_axis
from sem_models.inference.tiling.statistics import spread_pieces
from sem_models.networks.pooled_norm import PooledInstanceNorm, held_statistics
from sem_models.networks.resnet_generator import ResNetGenerator
from tests.support.tiled import Model, whole_image

TILE = 96
Image = NDArray[np.float32]


def generator(**settings) -> Model:
    torch.manual_seed(0)
    config = ResNetConfig(blocks=1, width=4, **settings)
    return Model(ResNetGenerator(config), capabilities(config))


def halves(left: float, right: float, height: int = 512, width: int = 1024) -> Image:
    """(1, H, W): smooth texture around two very different means."""
    texture = gaussian_filter(np.random.default_rng(0).standard_normal((height, width)), 2)
    image = 0.05 * texture / texture.std() + np.where(np.arange(width) < width // 2, left, right)
    return image[None].astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 3, 8, 9), (4, 2, 16, 5)])
@pytest.mark.parametrize("training", [True, False])
def test_without_shared_statistics_it_is_instance_norm(shape: tuple[int, ...], training: bool) -> None:
    x = torch.randn(shape) * 3 + torch.arange(shape[0])[:, None, None, None]
    own, other = PooledInstanceNorm().train(training), nn.InstanceNorm2d(shape[1]).train(training)
    slopes, weights = [], torch.randn(shape)
    for norm in (own, other):
        asked = x.clone().requires_grad_()
        (norm(asked) * weights).sum().backward()
        slopes.append(asked.grad)
    torch.testing.assert_close(own(x), other(x), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(slopes[0], slopes[1], atol=1e-6, rtol=1e-6)
    assert not own.state_dict()


def test_samples_are_pooled_as_one_image_and_hold_until_the_end() -> None:
    norm, x, later = PooledInstanceNorm(), torch.randn(3, 2, 8, 8) * 2 + 1, torch.rand(1, 2, 4, 4) * 9
    with held_statistics():
        side_by_side = nn.InstanceNorm2d(2)(torch.cat(list(x), dim=2)[None])[0]
        torch.testing.assert_close(torch.cat(list(norm(x)), dim=2), side_by_side, atol=1e-5, rtol=1e-5)
        mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
        torch.testing.assert_close(norm(later), (later - mean) / (variance + 1e-5).sqrt(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(norm(later), nn.InstanceNorm2d(2)(later))


def test_an_error_and_another_thread_leave_a_layer_as_it_was() -> None:
    norm, x = PooledInstanceNorm(), torch.randn(1, 2, 8, 8)
    alone, other = norm(x), torch.rand(1, 2, 8, 8) * 50
    with suppress(ZeroDivisionError), held_statistics(), ThreadPoolExecutor(1) as pool:
        norm(other)
        assert not torch.allclose(norm(x), alone)
        assert torch.equal(pool.submit(norm, x).result(), alone)
        raise ZeroDivisionError
    assert torch.equal(norm(x), alone)


@pytest.mark.parametrize("size", [(512, 1024), (3000, 4000), (100, 30_000), (7000, 61), (1031, 333)])
def test_pieces_are_bounded_and_spread_evenly(size: tuple[int, int]) -> None:
    """Their mean position is the centre of the image, and their spread that of a uniform distribution."""
    pieces = spread_pieces(*size, 400_000, 4)
    area = sum(rows.size * columns.size for rows, columns in pieces)
    assert min(400_000, size[0] * size[1]) / 2 < area <= 400_000
    for axis, length in enumerate(size):
        positions = np.concatenate([np.arange(piece[axis].start, piece[axis].stop) for piece in pieces])
        assert positions.min() >= 0
        assert positions.max() < length + 4
        assert positions.mean() == pytest.approx(length / 2, abs=0.02 * length + 4)
        assert positions.std() == pytest.approx(length / 12**0.5, rel=0.15)


def test_an_image_that_fits_is_normalised_as_a_whole() -> None:
    model, image = generator(), halves(0.2, 0.8, 130, 301)
    tiled = Predictor(model, "cpu", tile=32).predict_unit(image)
    np.testing.assert_allclose(tiled, whole_image(model, image), atol=1e-5)


def seam_energy(image: Image, halo: int) -> float:
    """Ratio of the mean squared horizontal gradient where tiles are blended to that elsewhere."""
    spans = plan_axis(image.shape[2], TILE + 2 * halo, 2 * halo, 4)
    assert len(spans) > 3
    blended = np.zeros(image.shape[2] - 1, bool)
    for before, after in pairwise(spans):
        middle = (after.start + before.stop) // 2
        blended[middle - halo // 2 : middle + halo // 2] = True
    energy = (np.diff(image[0], axis=1) ** 2).mean(axis=0)
    return float(energy[blended].mean() / energy[~blended].mean())


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_tiles_of_a_large_image_have_no_brightness_patches(upsampling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles normalised separately differ from the whole image by their means; with shared statistics they do not."""
    monkeypatch.setattr("sem_models.inference.tiling.stream.SAMPLED_PIXELS", 400_000)
    model, image = generator(upsampling=upsampling), halves(0.25, 0.75)
    naive = generator(upsampling=upsampling)
    naive.capabilities = replace(model.capabilities, tiling="supported")
    whole = whole_image(model, image)

    def patches(of: Model) -> tuple[Image, Image]:
        tiled = Predictor(of, "cpu", tile=TILE).predict_unit(image)
        return tiled, np.abs(block_reduce(tiled[0] - whole[0], (64, 64), np.mean))

    held, jumps = patches(model)
    assert jumps.max() < 0.003
    assert patches(naive)[1].mean() > 8 * jumps.mean()
    assert patches(naive)[1].max() > 0.01
    halo = model.capabilities.halo
    assert seam_energy(held, halo) == pytest.approx(seam_energy(whole, halo), rel=0.05)


def test_one_image_leaves_nothing_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sem_models.inference.tiling.stream.SAMPLED_PIXELS", 20_000)
    model, bright = generator(), halves(0.7, 0.9, 200, 260)
    with ThreadPoolExecutor(1) as elsewhere:
        expected = elsewhere.submit(Predictor(model, "cpu", tile=64).predict_unit, bright).result()
    predictor = Predictor(model, "cpu", tile=64)
    predictor.predict_unit(halves(0.1, 0.2, 200, 260))
    assert np.array_equal(predictor.predict_unit(bright), expected)


class Cramped(Model):
    """A network with memory for `room` input pixels; larger inputs fail after the first norms, as memory would."""

    def __init__(self, room: int) -> None:
        whole = generator()
        super().__init__(whole.network, whole.capabilities)
        self.room = room
        self.pixels: list[int] = []

    def __call__(self, x: Tensor) -> Tensor:
        self.pixels.append(x.shape[0] * x.shape[2] * x.shape[3])
        if self.pixels[-1] > self.room:
            self.network.layers[:5](x * 0)
            raise torch.OutOfMemoryError("simulated")
        return super().__call__(x)


def test_without_memory_for_the_whole_statistics_come_from_fewer_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failed attempts see another image (zeros), of which nothing may remain."""
    image = halves(0.25, 0.75, 256, 512)
    cramped = Cramped(70_000)
    predictor = Predictor(cramped, "cpu", tile=64)
    eased = predictor.predict_unit(image)
    assert max(cramped.pixels) == 256 * 512
    cramped.pixels.clear()
    np.testing.assert_allclose(predictor.predict_unit(image), eased, atol=1e-5)
    assert max(cramped.pixels) <= 70_000, "what did not fit is remembered"
    monkeypatch.setattr("sem_models.inference.tiling.stream.SAMPLED_PIXELS", 256 * 256)
    np.testing.assert_allclose(Predictor(generator(), "cpu", tile=64).predict_unit(image), eased, atol=1e-5)


def test_no_memory_at_all_is_one_line_and_releases() -> None:
    cramped, image = Cramped(100), halves(0.3, 0.6, 64, 96)
    with pytest.raises(UserError, match="not even one tile"):
        Predictor(cramped, "cpu").predict_unit(image)
    cramped.room = 10**9
    np.testing.assert_allclose(whole_image(cramped, image), whole_image(generator(), image), atol=1e-6)
