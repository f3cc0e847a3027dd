"""One row for each loss: a closed form or an independent reference, and a minimum where there is no difference."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage
from skimage.metrics import structural_similarity
from torch import Tensor

from sem_models.errors import UserError
from sem_models.features.weights import declare_torchvision_ops, load_backbone
from sem_models.losses.adversarial import discriminator_loss, generator_loss, probabilities
from sem_models.losses.perceptual import _features, deepest_features, require_weights
from sem_models.losses.structure import low_frequency, low_pass, smallest_patch
from sem_models.losses.table import LOSSES, find_loss
from sem_models.physics.gradient import central_magnitude, sobel

Case = Callable[[], tuple[Tensor, Tensor, float]]
"""Output, target, expected value."""


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def shifted_by(difference: float) -> tuple[Tensor, Tensor]:
    target = noise(2, 1, 16, 16)
    return target + difference, target


def ramps(slope: float) -> tuple[Tensor, Tensor]:
    """Edge replication halves the slope in the first and last of 16 rows, so its mean is 15 / 16 of the slope."""
    rise = slope * torch.arange(16.0)[:, None].expand(2, 1, 16, 12)
    return rise.contiguous(), torch.zeros_like(rise)


def second_order() -> tuple[Tensor, Tensor, float]:
    """Computed with scipy: derivatives down and right of both first derivatives."""
    output, target = noise(2, 1, 20, 24, seed=1), noise(2, 1, 20, 24, seed=2)
    total = []
    for o, t in zip(output[:, 0].double().numpy(), target[:, 0].double().numpy(), strict=True):
        for first in (0, 1):
            for second in (0, 1):
                twice = [ndimage.sobel(ndimage.sobel(i, first, mode="nearest"), second, mode="nearest") for i in (o, t)]
                total.append(np.abs(twice[0] - twice[1]).mean() / 64)
    return output, target, float(np.mean(total))


def maps() -> tuple[Tensor, Tensor, float]:
    output, target = noise(2, 1, 20, 24, seed=1), noise(2, 1, 20, 24, seed=2)
    difference = [magnitude_by_scipy(o) - magnitude_by_scipy(t) for o, t in zip(output, target, strict=True)]
    return output, target, float(np.mean(np.square(difference)))


def magnitude_by_scipy(image: Tensor) -> np.ndarray:
    pixels = image[0].double().numpy()
    down, right = (ndimage.correlate1d(pixels, [-1, 0, 1], axis, mode="nearest") for axis in (0, 1))
    return np.sqrt(down**2 + right**2 + 1e-6)


def similarity() -> tuple[Tensor, Tensor, float]:
    """Mean of scikit-image's SSIM map where the window is completely inside the image: without 5 px at each edge."""
    target = torch.from_numpy(ndimage.gaussian_filter(noise(2, 1, 40, 48).numpy(), (0, 0, 1.5, 1.5)))
    output = (target + 0.1 * (noise(2, 1, 40, 48, seed=3) - 0.5)).contiguous()
    values = []
    for o, t in zip(output[:, 0].double().numpy(), target[:, 0].double().numpy(), strict=True):
        _, found = structural_similarity(
            o, t, win_size=11, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, full=True
        )
        values.append(found[5:-5, 5:-5].mean())
    return output, target, 1 - float(np.mean(values))


def cross_entropy() -> tuple[Tensor, Tensor, float]:
    """PyTorch's cross-entropy on logits, which needs no clamp; grey targets."""
    logits, target = 6 * noise(2, 1, 16, 16, seed=1) - 3, noise(2, 1, 16, 16, seed=2)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits.double(), target.double())
    return logits.sigmoid(), target, float(expected)


def checkerboard() -> tuple[Tensor, Tensor, float]:
    """Neighbours differ by 0.25 in both directions; the target does not matter."""
    board = 0.25 * ((torch.arange(8)[:, None] + torch.arange(8)) % 2).float().expand(1, 1, 8, 8)
    return board, noise(1, 1, 8, 8), 0.5


def classes(loss: str) -> tuple[Tensor, Tensor, float]:
    """Of 12 pixels 9 belong to class 0 and 3 to class 1; every pixel gets 0.8 for class 0."""
    target = F.one_hot((torch.arange(12) >= 9).long().reshape(1, 3, 4), 2).permute(0, 3, 1, 2).float()
    output = torch.tensor([math.log(0.8), math.log(0.2)]).reshape(1, 2, 1, 1).expand(1, 2, 3, 4).contiguous()
    entropy = -(9 * math.log(0.8) + 3 * math.log(0.2)) / 12
    # Twice what is shared over the sum of both, one pixel added above and below.
    dice = [(2 * 0.8 * 9 + 1) / (0.8 * 12 + 9 + 1), (2 * 0.2 * 3 + 1) / (0.2 * 12 + 3 + 1)]
    return output, target, entropy if loss == "cross_entropy" else 1 - sum(dice) / 2


# A ramp: one of the two derivatives is its slope, the other 0, so that their mean is half.
FLOORS = {"log_mse": math.log(1e-6)}
"""What a loss without any difference is, where that is not 0."""
ROWS: dict[str, Case] = {
    "l1": lambda: (*shifted_by(0.3), 0.3),
    "mse": lambda: (*shifted_by(0.3), 0.09),
    "charbonnier": lambda: (*shifted_by(0.3), math.sqrt(0.09 + 1e-6)),
    "log_mse": lambda: (*shifted_by(0.3), math.log(0.09 + 1e-6)),
    "gradient": lambda: (*ramps(0.02), 0.02 * (15 / 16) / 2),
    "gradient2": second_order,
    "gradient_map": maps,
    "tv": checkerboard,
    "dssim": similarity,
    "bce": cross_entropy,
    "cross_entropy": lambda: classes("cross_entropy"),
    "soft_dice": lambda: classes("soft_dice"),
}
LOGITS = {"cross_entropy", "soft_dice"}
"""Their output is no image: a target given as output is not the best one."""
PERCEPTUAL = {f"perceptual{kind}_{backbone}" for kind in ("", "_levels") for backbone in ("vgg16", "vgg19")}


def test_every_loss_has_a_row() -> None:
    assert set(ROWS) | PERCEPTUAL == set(LOSSES)


@pytest.mark.parametrize("name", ROWS)
def test_value_and_gradient(name: str) -> None:
    output, target, expected = ROWS[name]()
    output = output.clone().requires_grad_()
    value = find_loss(name)(output, target)
    assert value.shape == ()
    assert value.item() == pytest.approx(expected, rel=1e-4)
    value.backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()
    # A constant shift needs every pixel moved in one direction.
    assert (output.grad > 0).all() if name in ("l1", "mse", "charbonnier", "log_mse") else output.grad.abs().sum() > 0


@pytest.mark.parametrize("name", sorted(set(ROWS) - LOGITS - {"tv", "bce"}))
def test_no_difference_is_the_minimum(name: str) -> None:
    target = noise(1, 2, 16, 16)
    least = float(find_loss(name)(target, target))
    assert abs(least - FLOORS.get(name, 0.0)) < 1.001e-3
    assert float(find_loss(name)(target + 0.1 * noise(1, 2, 16, 16, seed=9), target)) > least
    assert torch.isfinite(find_loss(name)(target.clone().requires_grad_(), target))


@pytest.mark.parametrize("name", ROWS)
def test_flat_images_have_a_finite_gradient(name: str) -> None:
    """Square roots and fractions are singular there; the gradient map has an epsilon for this."""
    output = torch.full((1, 1, 16, 16), 0.5, requires_grad=True)
    find_loss(name)(output, torch.full((1, 1, 16, 16), 0.25)).backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()


@pytest.mark.parametrize("name", sorted(LOGITS))
def test_sure_and_right_is_the_best_of_logits(name: str) -> None:
    target = F.one_hot(torch.arange(64).reshape(1, 8, 8) % 3, 3).permute(0, 3, 1, 2).float()
    values = [float(find_loss(name)(sure * (target - 0.5), target)) for sure in (-9.0, 0.0, 9.0, 99.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0, abs=1e-6)


def test_cross_entropy_is_least_at_the_target_and_leaves_its_entropy() -> None:
    target = 0.05 + 0.9 * noise(1, 2, 16, 16)
    entropy = -(target * target.log() + (1 - target) * (1 - target).log()).mean()
    least = float(find_loss("bce")(target, target))
    assert least == pytest.approx(float(entropy), rel=1e-5)
    for shift in (-0.02, 0.02):
        assert float(find_loss("bce")(target + shift, target)) > least


def test_cross_entropy_bears_certainty_bf16_and_targets_out_of_range() -> None:
    """Targets are clipped to [0, 1]: without clipping, a target of 1.2 would reward ever more certain outputs."""
    sure = torch.tensor([0.0, 1.0, 1.0, 0.0], requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = find_loss("bce")(sure, torch.tensor([-0.2, 1.2, 0.0, 1.0]))
        rounded = find_loss("bce")(torch.full((4,), 0.3, dtype=torch.bfloat16), torch.full((4,), 0.6))
        certain = find_loss("bce")(torch.ones(4, dtype=torch.bfloat16), torch.ones(4))
    found.backward()
    assert found.item() == pytest.approx(-math.log(1e-6) / 2, rel=1e-2)
    assert sure.grad is not None
    assert torch.isfinite(sure.grad).all()
    assert certain.item() == pytest.approx(0, abs=1e-5), "in bf16 the cut itself would round to 1"
    assert rounded.dtype == torch.float32
    assert rounded.item() == pytest.approx(-(0.6 * math.log(0.3) + 0.4 * math.log(0.7)), rel=5e-3)


def test_total_variation_of_a_flat_image_is_zero_whatever_the_target() -> None:
    flat = torch.full((1, 1, 16, 16), 0.5)
    assert float(find_loss("tv")(flat, noise(1, 1, 16, 16))) == 0
    assert float(find_loss("tv")(noise(1, 1, 16, 16), flat)) > 0.1


def test_sobel_is_scipys_divided_by_eight() -> None:
    x = noise(2, 3, 17, 23)
    found = sobel(x).reshape(2, 3, 2, 17, 23)
    for index in np.ndindex(2, 3):
        for axis in (0, 1):
            expected = ndimage.sobel(x[index].double().numpy(), axis, mode="nearest") / 8
            np.testing.assert_allclose(found[index][axis].numpy(), expected, atol=1e-6)


def test_gradient_map_is_scipys() -> None:
    x = noise(2, 1, 17, 23)
    for image, found in zip(x, central_magnitude(x), strict=True):
        np.testing.assert_allclose(found[0].numpy(), magnitude_by_scipy(image), atol=1e-6)


@pytest.mark.parametrize("kind", ["bce", "relativistic"])
def test_undecided_discriminator_costs_ln_2(kind) -> None:
    undecided = torch.zeros(3, 1, 4, 4)
    assert discriminator_loss(kind, undecided, undecided).item() == pytest.approx(math.log(2))
    assert generator_loss(kind, undecided, undecided).item() == pytest.approx(math.log(2))


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_adversarial_losses_of_constants() -> None:
    """-ln sigmoid(x) = softplus(-x) and -ln(1 - sigmoid(x)) = softplus(x); relativistic means leave real - fake."""
    real, fake = torch.full((2, 1), 1.5), torch.full((2, 1), -0.5)
    assert discriminator_loss("bce", real, fake).item() == pytest.approx((softplus(-1.5) + softplus(-0.5)) / 2)
    assert generator_loss("bce", real, fake).item() == pytest.approx(softplus(0.5))
    assert discriminator_loss("relativistic", real, fake).item() == pytest.approx(softplus(-2.0))
    assert generator_loss("relativistic", real, fake).item() == pytest.approx(softplus(2.0))


def test_relativistic_average_of_two_logits_by_hand() -> None:
    real, fake = torch.tensor([[1.0], [3.0]]), torch.tensor([[-1.0], [0.0]])
    of_real, of_fake = [1.0 + 0.5, 3.0 + 0.5], [-1.0 - 2.0, 0.0 - 2.0]
    expected = (sum(softplus(-x) for x in of_real) / 2 + sum(softplus(x) for x in of_fake) / 2) / 2
    assert discriminator_loss("relativistic", real, fake).item() == pytest.approx(expected)
    opposite = (sum(softplus(x) for x in of_real) / 2 + sum(softplus(-x) for x in of_fake) / 2) / 2
    assert generator_loss("relativistic", real, fake).item() == pytest.approx(opposite)


def test_least_squares_in_closed_form() -> None:
    """LSGAN with labels 1 (real) and 0 (fake), Mao et al., 2017, equation 9; the discriminator loss is half the sum."""
    real, fake = torch.tensor([[1.5], [0.5]]), torch.tensor([[-0.5], [0.25]])
    squares = ((0.5**2 + 0.5**2) / 2 + (0.5**2 + 0.25**2) / 2) / 2
    assert discriminator_loss("lsgan", real, fake).item() == pytest.approx(squares)
    assert generator_loss("lsgan", real, fake).item() == pytest.approx((1.5**2 + 0.75**2) / 2)
    assert discriminator_loss("lsgan", torch.ones(3), torch.zeros(3)).item() == 0
    believed = probabilities("lsgan", real, fake)
    assert believed["real"].item() == pytest.approx((1 + 0.5) / 2), "marks beyond 1 and below 0 are cut"
    assert believed["fake"].item() == pytest.approx((0 + 0.25) / 2)


@pytest.mark.parametrize("sigma", [0.8, 4.0])
def test_low_pass_is_scipys(sigma: float) -> None:
    x = noise(2, 3, 40, 36)
    radius = math.ceil(3 * sigma)
    expected = ndimage.gaussian_filter(x.double().numpy(), (0, 0, sigma, sigma), mode="mirror", radius=radius)
    np.testing.assert_allclose(low_pass(x, sigma).numpy(), expected, atol=1e-6)


def test_low_frequencies_see_shading_and_not_noise() -> None:
    x = torch.full((1, 1, 48, 48), 0.5)
    assert low_frequency(x + 0.1, x, 4.0).item() == pytest.approx(0.1, rel=1e-5)
    assert low_frequency(1 - x - 0.2, x, 4.0).item() == pytest.approx(0.2, rel=1e-5)
    checkers = 0.1 * (-1.0) ** (torch.arange(48)[:, None] + torch.arange(48))
    assert low_frequency(x + checkers, x, 4.0).item() < 1e-4
    assert smallest_patch(4.0) == 13
    low_pass(x[..., :13, :13], 4.0)


@pytest.mark.parametrize("kind", ["bce", "relativistic", "lsgan"])
def test_each_side_is_pushed_its_way(kind) -> None:
    real, fake = noise(4, 1).requires_grad_(), noise(4, 1, seed=1).requires_grad_()
    of_real, of_fake = torch.autograd.grad(discriminator_loss(kind, real, fake), (real, fake))
    assert (of_real < 0).all(), "the discriminator raises what it says of real patches"
    assert (of_fake > 0).all(), "and lowers what it says of restored ones"
    (wanted,) = torch.autograd.grad(generator_loss(kind, real, fake), fake)
    assert (wanted < 0).all(), "the generator wants the opposite"


@pytest.fixture
def weights(torch_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    monkeypatch.setenv("SEM_OFFLINE", "1")
    _features.cache_clear()
    return torch_home


def test_perceptual_vgg16_is_the_distance_of_torchvisions_features(weights: Path) -> None:
    """conv5_3 before its activation is torchvision's `features[:29]`, on ImageNet's mean and deviation."""
    declare_torchvision_ops()
    vgg16 = pytest.importorskip("torchvision.models").vgg16
    with torch.device("meta"):
        network = vgg16(weights=None).features[:29]
    stored = load_backbone("vgg16-397923af.pth", "VGG16")
    own = {name: stored[f"features.{name}"] for name in network.state_dict()}
    network.load_state_dict({name: value.float() for name, value in own.items()}, assign=True)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    output, target = noise(1, 1, 32, 32, seed=1), noise(1, 1, 32, 32, seed=2)
    with torch.no_grad():
        seen = [network((image.repeat(1, 3, 1, 1) - mean) / std) for image in (output, target)]
    assert seen[0].shape == (1, 512, 2, 2)
    assert seen[0].min() < 0, "before the activation"
    expected = F.l1_loss(*seen).item()
    assert expected > 0.01
    # Where the processor has bf16 the loss uses it; its eight bits of mantissa average out over 4096 differences.
    assert find_loss("perceptual_vgg16")(output, target).item() == pytest.approx(expected, rel=1e-2)


def test_levels_are_lpips_without_its_learned_weights(weights: Path) -> None:
    """The `lpips` package with `lpips=False` sums five VGG16 layers with equal weights; this loss is their mean."""
    declare_torchvision_ops()
    reference = pytest.importorskip("lpips").LPIPS(net="vgg", lpips=False, verbose=False)
    output, target = noise(1, 1, 64, 64, seed=1), noise(1, 1, 64, 64, seed=2)
    with torch.no_grad():
        expected = reference(output.expand(-1, 3, -1, -1) * 2 - 1, target.expand(-1, 3, -1, -1) * 2 - 1).item() / 5
    # The package rounds the ImageNet constants and its file keeps half precision: a few parts in a thousand.
    assert find_loss("perceptual_levels_vgg16")(output, target).item() == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("name", ["perceptual_vgg16", "perceptual_levels_vgg16"])
def test_half_precision_keeps_the_direction_of_the_gradient(
    weights: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, gradients = noise(1, 1, 64, 64), []
    for half in (False, True):
        monkeypatch.setattr("sem_models.losses.perceptual.has_bf16_units", lambda _, half=half: half)
        output = noise(1, 1, 64, 64, seed=1).requires_grad_()
        find_loss(name)(output, target).backward()
        assert output.grad is not None
        gradients.append(output.grad.flatten())
    assert F.cosine_similarity(*gradients, dim=0) > 0.99


def test_perceptual_is_zero_without_difference_and_teaches_only_the_output(weights: Path) -> None:
    target = noise(1, 1, 32, 32)
    loss = find_loss("perceptual_vgg16")
    assert loss(target, target.clone()).item() == 0
    output = noise(1, 1, 32, 32, seed=1).requires_grad_()
    loss(output, target).backward()
    assert output.grad is not None
    assert output.grad.abs().sum() > 0
    assert all(p.grad is None for p in deepest_features("vgg16").parameters())


@pytest.mark.parametrize(
    ("backbone", "file", "other"),
    [("vgg19", "vgg19-dcbb9e9d.pth", "vgg16"), ("vgg16", "vgg16-397923af.pth", "vgg19")],
)
def test_absent_weights_name_file_and_alternative(
    backbone, file: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SEM_OFFLINE", "1")
    _features.cache_clear()
    image = noise(1, 1, 32, 32)
    for attempt in (lambda: find_loss(f"perceptual_{backbone}")(image, image), lambda: require_weights(backbone)):
        with pytest.raises(UserError, match=rf"{file}.*or perceptual={other}"):
            attempt()


def test_unknown_loss_lists_the_known() -> None:
    with pytest.raises(UserError, match="l1, mse"):
        find_loss("l7")


def test_beliefs_are_those_that_the_loss_judges() -> None:
    """A relativistic discriminator may shift all its logits without any change; plain ones may not."""
    real, fake = torch.full((4, 1), 5.0), torch.full((4, 1), -5.0)
    for shift in (-8.0, 0.0, 8.0):
        seen = probabilities("relativistic", real + shift, fake + shift)
        assert seen["real"].item() == pytest.approx(1 / (1 + math.exp(-10)))
        assert seen["fake"].item() == pytest.approx(1 / (1 + math.exp(10)), rel=1e-3)
    assert probabilities("bce", real, fake)["real"].item() == pytest.approx(1 / (1 + math.exp(-5)))
