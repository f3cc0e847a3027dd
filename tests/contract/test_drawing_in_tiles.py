"""Drawing in tiles: the image is that of a network that sees it whole, and no part larger than a tile is computed."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.errors import Cancelled, UserError
from sem_models.inference.diffusion import tiled_prediction
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.diffusion.noise_field import noise_field
from sem_models.inference.diffusion.noise_schedule import signed
from sem_models.inference.diffusion.tiled_prediction import TiledPrediction
from sem_models.inference.diffusion.unpaired import Prior, ddib, sdedit
from sem_models.inference.predictor import Predictor
from tests.support.exact_diffusion import exact
from tests.support.small_recipes import narrow

HALO = 2
SIGMA = 0.04
"""Standard deviation of a texture of 2 % of the signed range."""


class Neighbours(nn.Module):
    """A network of 5 x 5 px that notes the sizes of its inputs, and runs out of memory beyond `most` pixels."""

    def __init__(self, most: int = 10**9) -> None:
        super().__init__()
        self.register_parameter("device", nn.Parameter(torch.zeros(1)))
        self.sizes: list[tuple[int, ...]] = []
        self.most = most

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor | None = None) -> Tensor:
        self.sizes.append(tuple(x_t.shape))
        if x_t[:, 0].numel() > self.most:
            raise MemoryError
        near = nn.functional.avg_pool2d(x_t, 2 * HALO + 1, 1, HALO, count_include_pad=False)
        level = 0 if condition is None else condition[:, :1]
        return torch.tanh(0.8 * x_t + 0.5 * near) - level + 1e-4 * t[:, None, None, None]


class Exact(Neighbours):
    """Exact for images whose pixels are independent, with deviation `SIGMA` around black or grey."""

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor | None = None) -> Tensor:
        super().forward(x_t, t, condition)
        return exact(0.1, SIGMA, "cosine", "velocity")(x_t, t)


@dataclass(frozen=True)
class Drawing(DiffusionModel):
    facts: Capabilities = field(default=Capabilities(3, 1, 1, HALO, size_multiple=4))

    @property
    def capabilities(self) -> Capabilities:
        return self.facts


def drawing(network: nn.Module, steps: int = 25, samples: int = 1, **facts) -> Drawing:
    changes = [f"diffusion.sampling.steps={steps}", f"diffusion.sampling.samples={samples}"]
    recipe = override(narrow(find_recipe("ddpm-masks-small")), changes)
    return Drawing(recipe, network, "drawing", facts=Capabilities(3, 1, 1, HALO, size_multiple=4, **facts))


def maps(height: int = 76, width: int = 160) -> np.ndarray:
    labels = np.random.default_rng(0).integers(0, 3, (height, width))
    return (labels == np.arange(3)[:, None, None]).astype(np.float32)


def whole_image(given: np.ndarray, samples: int = 1) -> np.ndarray:
    model = drawing(Neighbours(), samples=samples, tiling="discouraged")
    found = model(torch.from_numpy(given)[None])[0].numpy()
    assert {size[2:] for size in model.network.sizes} == {given.shape[1:]}
    return found


@pytest.mark.parametrize(("tile", "batch"), [(64, 1), (48, 3), (None, None)])
def test_tiles_are_the_whole_image(tile, batch) -> None:
    """In all 25 steps with the halo of one; with several samples, in batches, and beside other sizes of tiles."""
    given, whole = maps(), whole_image(maps(), 2)
    assert np.ptp(whole) > 0.5
    model = drawing(Neighbours(), samples=2)
    np.testing.assert_allclose(Predictor(model, "cpu", tile, batch).predict_unit(given), whole, atol=1e-5)
    largest = tile + 2 * HALO if tile else 256
    assert all(size[0] <= (batch or 1) and max(size[2:]) <= largest for size in model.network.sizes)


def test_a_size_that_is_no_multiple_is_padded_as_the_whole_image_is() -> None:
    given = maps(77, 158)
    whole = whole_image(np.pad(given, ((0, 0), (0, 3), (0, 2)), mode="reflect"))[:, :77, :158]
    found = Predictor(drawing(Neighbours()), "cpu", 32, 1).predict_unit(given)
    np.testing.assert_allclose(found, whole, atol=1e-5)


def test_lack_of_memory_halves_tiles_and_changes_nothing() -> None:
    """What was halved stays so: only the first steps fail."""
    model = drawing(Neighbours(most=60 * 60), tiling="discouraged")
    found = Predictor(model, "cpu").predict_unit(maps())
    np.testing.assert_allclose(found, whole_image(maps()), atol=1e-5)
    failed = [np.prod(size[2:]) > 60 * 60 for size in model.network.sizes]
    assert 0 < sum(failed) < 5
    assert not any(failed[sum(failed) :])
    with pytest.raises(UserError, match="not even one tile of 32 px fits"):
        Predictor(drawing(Neighbours(most=100)), "cpu").predict_unit(maps())


def test_a_network_that_prefers_whole_images_gets_tiles_of_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    model = drawing(Neighbours(), steps=2, tiling="discouraged")
    model.draw(1, (300, 300))
    assert {size[2:] for size in model.network.sizes} == {(300, 300)}
    monkeypatch.setattr(tiled_prediction, "WHOLE_PIXELS", 300 * 299)
    model.network.sizes.clear()
    model.draw(1, (600, 600))
    assert max(np.prod(size[2:]) for size in model.network.sizes) < 600 * 600 / 3


def test_an_exact_predictor_keeps_the_texture_without_seams() -> None:
    """Deviation within 3 %; rows and columns next to the borders of tiles are like all others."""
    model = drawing(Exact())
    drawn = model.draw(1, (512, 512), tiled=TiledPrediction(model, 60, 4)).samples[0, 0, 0]
    texture = signed(drawn) - 0.1
    white = noise_field((512, 512), 1, (0, 0, 0))
    assert texture.std().item() == pytest.approx(SIGMA * white.std().item(), rel=0.03)
    for axis in (0, 1):
        jumps = texture.diff(dim=axis).square().mean(dim=1 - axis)
        expected = white[0].diff(dim=axis).square().mean(dim=1 - axis) * SIGMA**2
        assert (jumps / expected - 1).abs().max() < 0.06
    blocks = texture.unfold(0, 64, 64).unfold(1, 64, 64).flatten(0, 1).flatten(1)
    between = np.corrcoef(blocks)[np.triu_indices(len(blocks), 1)]
    assert np.abs(between).max() < 0.1, "no tile repeats another"


def test_translation_by_sdedit_and_ddib_is_the_same_in_tiles() -> None:
    image = torch.rand(1, 1, 96, 128, generator=torch.Generator().manual_seed(0))
    found = {}
    for tile in (None, 40):
        models = [drawing(Neighbours(), tiling="discouraged"), drawing(Neighbours(), tiling="discouraged")]
        source, target = (Prior(TiledPrediction(model, tile).given(None), model.settings) for model in models)
        found[tile] = sdedit(target, image, 0.4), ddib(source, target, image)
        largest = max(max(size[2:]) for model in models for size in model.network.sizes)
        assert largest == 128 if tile is None else largest <= 40 + 2 * HALO
    for one, other in zip(found[None], found[40], strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_progress_counts_tiles_and_can_stop_in_the_middle_of_a_step() -> None:
    told: list[tuple[int, int, str]] = []

    def stop(done: int, total: int, what: str) -> None:
        told.append((done, total, what))
        if done == 5:
            raise Cancelled

    model = drawing(Neighbours(), steps=4)
    with pytest.raises(Cancelled):
        model.draw(1, (96, 96), progress=stop, tiled=TiledPrediction(model, 32))
    tiles = told[0][1] // 4
    assert tiles > 1
    assert told == [(done, 4 * tiles, "tiles") for done in range(1, 6)]
