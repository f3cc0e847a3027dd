"""NAFNet, U-Net, SRN and MRN against formulas written out, and the loss at three scales."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from scipy.ndimage import correlate, correlate1d
from torch import Tensor, nn

from sem_models.config.networks.mrn import MRNConfig
from sem_models.config.networks.nafnet import NAFNetConfig
from sem_models.config.networks.srn import SRNConfig
from sem_models.config.networks.table import NetworkConfig
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm
from sem_models.errors import UserError
from sem_models.methods.recipe_check import check_recipe
from sem_models.methods.table import build_method, stages
from sem_models.networks.blocks import halve
from sem_models.networks.mrn import MRN
from sem_models.networks.nafnet import NAFBlock, NAFNet, local_mean
from sem_models.networks.table import build_network
from sem_models.networks.unet import UNet

Array = NDArray[np.float64]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def image(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def window_means(x: Array, window: int) -> Array:
    """Of (C, H, W), pixel by pixel: the window begins (window - 1) // 2 before the pixel and stays inside."""
    result = np.empty_like(x)
    height, width = x.shape[1:]
    for row in range(height):
        for column in range(width):
            top = min(max(row - (window - 1) // 2, 0), max(height - window, 0))
            left = min(max(column - (window - 1) // 2, 0), max(width - window, 0))
            result[:, row, column] = x[:, top : top + window, left : left + window].mean((1, 2))
    return result


@pytest.mark.parametrize("window", [1, 2, 4, 8, 16, 32])
def test_local_means(window: int) -> None:
    x = image(1, 3, 11, 18)
    expected = window_means(x[0].numpy(), window)
    np.testing.assert_allclose(local_mean(x, window).expand_as(x)[0], expected, atol=1e-14)


def naive_block(block: NAFBlock, x: Array, mean: Array | None) -> Array:
    """Chen et al., figure 3c and equations 4 and 7, on (C, H, W); `mean` None: over the whole image."""
    p = {name: value.detach().numpy() for name, value in block.named_parameters()}

    def norm(x: Array, name: str) -> Array:
        shape = (-1, 1, 1)
        standard = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-6)
        return p[f"{name}.weight"].reshape(shape) * standard + p[f"{name}.bias"].reshape(shape)

    def pointwise(x: Array, name: str) -> Array:
        return np.einsum("oc,chw->ohw", p[f"{name}.weight"][:, :, 0, 0], x) + p[f"{name}.bias"][:, None, None]

    def gated(x: Array) -> Array:
        return x[: len(x) // 2] * x[len(x) // 2 :]

    y = pointwise(norm(x, "norm1"), "widen")
    filters = p["spread.weight"][:, 0]
    y = np.stack([correlate(plane, taps, mode="constant") for plane, taps in zip(y, filters, strict=True)])
    y = gated(y + p["spread.bias"][:, None, None])
    pooled = np.broadcast_to(y.mean((1, 2), keepdims=True), y.shape) if mean is None else window_means(y, 4)
    x = x + p["beta"][0] * pointwise(y * pointwise(pooled, "attention"), "narrow")
    return x + p["gamma"][0] * pointwise(gated(pointwise(norm(x, "norm2"), "feed")), "close")


@pytest.mark.parametrize("window", [4, 16])
def test_the_block_of_nafnet_is_the_published_formula(window: int) -> None:
    """Where the window holds the whole patch, the mean is that of the paper."""
    block = NAFBlock(3, window).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    x = image(1, 3, 10, 13)
    expected = naive_block(block, x[0].numpy(), None if window == 16 else x[0].numpy())
    np.testing.assert_allclose(block(x)[0].detach(), expected, rtol=1e-9)


def test_a_new_block_of_nafnet_changes_nothing() -> None:
    x = image(1, 4, 8, 8).float()
    assert torch.equal(NAFBlock(4, 4)(x), x)


def test_halving_is_binomial_then_mean() -> None:
    x = image(1, 2, 12, 20)
    blurred = x[0].numpy()
    for axis in (1, 2):
        blurred = correlate1d(blurred, [0.25, 0.5, 0.25], axis=axis, mode="nearest")
    means = blurred.reshape(2, 6, 2, 10, 2).mean((2, 4))
    np.testing.assert_allclose(halve(x)[0], means, atol=1e-14)


def test_halving_removes_a_checkerboard_and_does_not_shift() -> None:
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(24.0), indexing="ij")
    checkerboard = (-1.0) ** (rows + columns)
    assert halve(checkerboard[None, None])[..., 1:-1, 1:-1].abs().max() < 1e-6
    ramp = halve(rows[None, None])[0, 0, 1:-1, 0]
    torch.testing.assert_close(ramp, 2 * torch.arange(1.0, 7) + 0.5)


@pytest.mark.parametrize(
    "config",
    [
        SRNConfig(width=4, blocks=2, residual=True),
        MRNConfig(width=4, blocks=1, residual=True),
        UNetConfig(width=4, residual=True),
    ],
    ids=str,
)
def test_a_correction_starts_at_zero(config: NetworkConfig) -> None:
    x = image(1, 1, 16, 24).float()
    assert torch.equal(build_network(config)(x), x)


def test_n2v2_keeps_a_pixel_out_of_the_finest_level() -> None:
    """A checkerboard that the first level hands on leaves no trace, away from the edges: no skip, and `halve`."""
    network = UNet(UNetConfig(variant="n2v2", width=4)).double()
    for layer in network.down[0]:
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
            nn.init.ones_(layer.weight[:, 0, 1, 1])
    pattern = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64).repeat(36, 36)[None, None]
    flat = network(torch.full_like(pattern, 0.5))
    marked = network(0.5 + 0.2 * pattern)
    inside = (slice(None), slice(None), slice(26, -26), slice(26, -26))
    torch.testing.assert_close(marked[inside], flat[inside], atol=1e-12, rtol=0)


def test_mrn_goes_from_coarse_to_fine() -> None:
    """Each scale takes its own input and, enlarged, the output before; the coarsest takes its input twice."""
    network = MRN(MRNConfig(width=4, blocks=1))
    x = image(2, 1, 16, 24).float()
    coarse, middle, fine = network.pyramid(x)
    assert torch.equal(fine, network(x))
    assert [tuple(scale.shape[2:]) for scale in (coarse, middle, fine)] == [(4, 6), (8, 12), (16, 24)]
    half = halve(x)
    torch.testing.assert_close(coarse, network.trunks[0](halve(half).repeat(1, 2, 1, 1)))
    phases = network.enlarge[1](middle).detach().reshape(2, 1, 2, 2, 8, 12)
    enlarged = torch.from_numpy(np.einsum("ncijhw->nchiwj", phases.numpy()).reshape(2, 1, 16, 24))
    torch.testing.assert_close(fine, network.trunks[2](torch.cat([x, enlarged], 1)))


def refocusing(network: NetworkConfig, *terms: LossTerm, **train: int) -> Recipe:
    recipe = find_recipe("srresnet-x2-small")
    content = recipe.model_dump() | {"network": network.model_dump(), "losses": [t.model_dump() for t in terms]}
    content["train"] |= train
    return Recipe.model_validate(content)


def test_a_pyramid_is_compared_at_every_scale() -> None:
    recipe = refocusing(MRNConfig(width=4, blocks=1), LossTerm(name="l1", weight=2.0), LossTerm(name="mse", weight=0.5))
    method = build_method(recipe, Fabric(accelerator="cpu", devices=1))
    x = image(2, 1, 16, 16).float()
    target = x.flip(2)
    losses = method.training_step({"input": x, "target": target}, "restorer", stages(recipe)[0])
    outputs = [scale.detach().numpy() for scale in method.network.pyramid(x)]
    targets = [halve(halve(target)).numpy(), halve(target).numpy(), target.numpy()]
    differences = [output - wanted for output, wanted in zip(outputs, targets, strict=True)]
    assert set(losses) == {"l1", "mse"}
    assert losses["l1"].item() == pytest.approx(2 * np.mean([np.abs(d).mean() for d in differences]), rel=1e-5)
    assert losses["mse"].item() == pytest.approx(0.5 * np.mean([(d**2).mean() for d in differences]), rel=1e-5)


def test_losses_with_a_window_need_patches_for_the_coarsest_scale() -> None:
    terms = (LossTerm(name="l1"), LossTerm(name="dssim"))
    check_recipe(refocusing(MRNConfig(), *terms, patch=48))
    check_recipe(refocusing(SRNConfig(), *terms, patch=32))
    with pytest.raises(UserError, match="patches of at least 44 px, not 40"):
        check_recipe(refocusing(MRNConfig(), *terms, patch=40))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: NAFNetConfig(encoder=(1, 1), decoder=(1,)), "as many levels"),
        (lambda: NAFNetConfig(window=96), "power of two"),
        (lambda: NAFNetConfig(window=8), "16 at least"),
        (lambda: UNetConfig(channels_in=3, residual=True), "as many channels_out"),
        (lambda: UNetConfig(variant="n2v2", residual=True), "no residual"),
        (lambda: SRNConfig(kernel=4), "3 or 5"),
    ],
)
def test_configs_that_cannot_be_are_refused(build, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_depths_of_the_paper_need_multiples_of_sixteen() -> None:
    network = NAFNet(NAFNetConfig(width=2, window=16))
    assert network(torch.rand(1, 1, 16, 48)).shape == (1, 1, 16, 48)
