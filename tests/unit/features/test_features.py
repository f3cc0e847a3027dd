"""Backbones compared with torchvision's network with the same weights; missing and damaged files."""

from pathlib import Path

import pytest
import torch

from sem_models.features.vgg import FeaturesUnavailable, VggFeatures, layer_names
from sem_models.features.weights import declare_torchvision_ops, load_backbone

WEIGHTS = "vgg16-397923af.pth"


@pytest.fixture
def home(torch_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    return torch_home


def torchvision_outputs(x: torch.Tensor, indices: dict[str, int]) -> list[torch.Tensor]:
    """Outputs of torchvision's `features`, cut after each index."""
    declare_torchvision_ops()
    from torchvision.models import vgg16
    from torchvision.transforms.functional import normalize

    with torch.device("meta"):
        network = vgg16(weights=None).features
    weights = {k.removeprefix("features."): v for k, v in load_backbone(WEIGHTS, "VGG16").items() if "features" in k}
    network.load_state_dict(weights, assign=True)
    for module in network:
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    x = normalize(x.repeat(1, 3 // x.shape[1], 1, 1), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return [network.float()[: index + 1](x) for index in indices.values()]


@pytest.mark.parametrize("channels", [1, 3])
def test_layers_are_torchvisions(home: Path, channels: int) -> None:
    """Indices as printed by torchvision: relu1_2 is 3, conv3_3 is 14, relu5_3 is 29."""
    indices = {"relu1_2": 3, "conv3_3": 14, "relu3_3": 15, "relu5_3": 29}
    x = torch.rand(2, channels, 32, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = VggFeatures("vgg16", tuple(indices))(x)
        for output, expected in zip(found, torchvision_outputs(x, indices), strict=True):
            torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-4)


def test_order_asked_for_is_order_given_and_conv_is_before_activation(home: Path) -> None:
    x = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    relu, conv = VggFeatures("vgg16", ("relu2_1", "conv2_1"))(x)
    assert conv.min() < 0
    assert torch.equal(relu, conv.clamp(min=0))
    assert relu.shape == (1, 128, 8, 8)


def test_frozen_in_evaluation_mode_and_gradients_reach_the_input(home: Path) -> None:
    features = VggFeatures("vgg16", ("conv2_2",))
    assert not features.training
    torch.nn.Sequential(features).train()
    assert not any(module.training for module in features.modules())
    assert not any(parameter.requires_grad for parameter in features.parameters())
    assert len(features.features) == 8, "layers past conv2_2 are not built"
    x = torch.rand(1, 1, 16, 16, requires_grad=True)
    features(x)[0].square().mean().backward()
    assert x.grad is not None
    assert x.grad.abs().min() > 0


def test_vgg19_indices_are_the_published_ones() -> None:
    """SRGAN and ESRGAN take `features[:35]`, that is conv5_4 before its activation, from torchvision's VGG19."""
    assert layer_names("vgg19").index("conv5_4") == 34
    assert layer_names("vgg19").index("conv2_2") == 7
    assert len(layer_names("vgg19")) == 37
    assert layer_names("vgg16").index("conv5_3") == 28


def test_vgg19_is_torchvisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the trained weights: random ones in torchvision's file layout show where each is loaded."""
    declare_torchvision_ops()
    from torchvision.models import vgg19

    with torch.device("meta"):
        network = vgg19(weights=None).features
    network = network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.03, generator=generator)
    path = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    path.parent.mkdir(parents=True)
    torch.save({f"features.{name}": value for name, value in network.state_dict().items()}, path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    x = torch.rand(1, 3, 32, 32, generator=generator)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        expected = network[:35]((x - mean) / std)
        found = VggFeatures("vgg19", ("conv5_4",))(x)[0]
    assert found.shape == (1, 512, 2, 2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_missing_weights_say_what_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SEM_OFFLINE", "1")
    with pytest.raises(FeaturesUnavailable, match=rf"VGG19.*put vgg19-dcbb9e9d.pth into {tmp_path}/hub/checkpoints"):
        VggFeatures("vgg19", ("conv5_4",))


@pytest.mark.parametrize("kept", [0, 7, 1000, 0.5, 0.999, None])
def test_damaged_weights_say_so(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: float | None
) -> None:
    """Cut at several places, and a whole file of another network."""
    source = "squeezenet1_1-b8a52dc0.pth" if kept is None else WEIGHTS
    whole = (home / "hub" / "checkpoints" / source).read_bytes()
    path = tmp_path / "hub" / "checkpoints" / WEIGHTS
    path.parent.mkdir(parents=True)
    path.write_bytes(whole if kept is None else whole[: int(kept if kept >= 1 else kept * len(whole))])
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(FeaturesUnavailable, match=f"{WEIGHTS} is damaged"):
        VggFeatures("vgg16", ("relu2_2",))


@pytest.mark.parametrize("layer", ["pool1", "relu5_4", "fc6"])
def test_unknown_layer_is_refused(layer: str) -> None:
    with pytest.raises(ValueError, match="conv5_3"):
        VggFeatures("vgg16", (layer,))
