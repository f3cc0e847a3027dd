"""Published networks with random weights give through an import what they give in their own code."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from sem_models.config.networks.table import capabilities
from sem_models.errors import UserError
from sem_models.inference.foreign.checkpoint import read_checkpoint
from sem_models.inference.foreign.model import ForeignModel
from sem_models.inference.foreign.tile_rule import TileRule, measure_tile_rule
from sem_models.networks.table import build_network
from tests.support.foreign_models import HAT, SWINIR, published, saved, small_rrdb

OURS = {
    "rrdb-x4": lambda: small_rrdb(),
    "rrdb-x2-blocks": lambda: small_rrdb(scale=2, block=2),
    "rrdb-x1-blocks": lambda: small_rrdb(scale=1, block=4),
    "rrdb-x2-grey": lambda: small_rrdb(scale=2, colours=1),
    "swinir-x4": lambda: published("SwinIR", in_chans=3, upscale=4, upsampler="pixelshuffle", **SWINIR),
    "swinir-x2-light": lambda: published("SwinIR", in_chans=3, upscale=2, upsampler="pixelshuffledirect", **SWINIR),
    "swinir-denoise-grey": lambda: published("SwinIR", in_chans=1, upscale=1, upsampler="", **SWINIR),
    "swinir-denoise": lambda: published("SwinIR", in_chans=3, upscale=1, upsampler="", **SWINIR),
    "hat-x4": lambda: published("HAT", in_chans=3, upscale=4, **HAT),
    "hat-x2-grey": lambda: published("HAT", in_chans=1, upscale=2, **HAT),
    "hat-x1-grey": lambda: published("HAT", in_chans=1, upscale=1, **HAT),
}
THEIRS = {
    "rrdb-plus": lambda: published("ESRGAN", num_filters=8, num_blocks=1, scale=2, plus=True),
    "compact": lambda: published("Compact", num_feat=8, num_conv=2, upscale=4),
    "nafnet": lambda: published("NAFNet", width=8, enc_blk_nums=[1], middle_blk_num=1, dec_blk_nums=[1]),
}


def built(model: ForeignModel) -> nn.Module:
    network = build_network(model.network)
    network.load_state_dict(model.weights)
    return network.eval().requires_grad_(False)


def in_their_code(network: nn.Module, grey: Tensor, colours: int) -> Tensor:
    return network(grey.expand(-1, colours, -1, -1)).mean(1, keepdim=True)


@pytest.mark.parametrize("name", [*OURS, *THEIRS])
def test_output_is_that_of_the_published_code(name: str, tmp_path: Path) -> None:
    network = {**OURS, **THEIRS}[name]()
    model = read_checkpoint(saved(network, tmp_path / "net.pth"))
    facts = capabilities(model.network)
    assert (facts.channels_in, facts.channels_out) == (1, 1)
    assert ("spandrel" in str(model.network)) == (name in THEIRS)
    grey = torch.rand(2, 1, 32, 48)
    expected = in_their_code(network, grey, 1 if name.endswith("grey") else 3)
    assert expected.shape[-1] == 48 * facts.scale
    span = max(1.0, float(expected.max() - expected.min()))
    assert expected.std() > 1e-3
    torch.testing.assert_close(built(model)(grey), expected, rtol=0, atol=1e-5 * span)
    assert model.difference <= 1e-5


def test_names_of_later_versions_are_taken_too(tmp_path: Path) -> None:
    """BasicSR's and Real-ESRGAN's names, in 16 bit; spandrel's network has those of the first version."""
    network = small_rrdb(scale=2)
    later = {"0": "conv_first", "1.sub.2": "conv_body", "3": "conv_up1", "5": "conv_hr", "7": "conv_last"}
    renamed = {}
    for name, weight in network.state_dict().items():
        place, part = re.fullmatch(r"model\.(.+)\.(weight|bias)", name).groups()
        dense = re.sub(r"1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0", r"body.\1.rdb\2.conv\3", place)
        renamed[f"{later.get(place, dense)}.{part}"] = weight.half()
    assert "body.1.rdb3.conv5.weight" in renamed
    save_file(renamed, tmp_path / "net.safetensors")
    model = built(read_checkpoint(tmp_path / "net.safetensors"))
    grey = torch.rand(1, 1, 16, 24)
    torch.testing.assert_close(model(grey), in_their_code(network, grey, 3), rtol=0, atol=2e-3)


def test_images_below_the_least_size_are_padded(tmp_path: Path) -> None:
    """SwinIR needs 16 px; spandrel pads by reflection at the bottom and on the right, and so does the import."""
    from spandrel import ModelLoader

    network = published("SwinIR", in_chans=3, upscale=3, upsampler="pixelshuffle", **SWINIR)
    model = built(read_checkpoint(saved(network, tmp_path / "net.pth")))
    grey = torch.rand(1, 1, 9, 40)
    descriptor = ModelLoader().load_from_state_dict(network.state_dict())
    descriptor.model.requires_grad_(False)
    # Spandrel clips to [0, 1]; the middle of the range is not clipped.
    descriptor.model.conv_last.weight.mul_(1e-2)
    model.inner.network.conv_last.weight.mul_(1e-2)
    expected = descriptor(grey.expand(-1, 3, -1, -1)).mean(1, keepdim=True)
    torch.testing.assert_close(model(grey), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"layer.weight": torch.ones(3)}, "does not know the network"),
        (
            {
                "conv_first.weight": torch.ones(2),
                "body.0.rdb1.conv1.weight": torch.ones(2),
                "conv_body.weight": torch.ones(2),
                "conv_last.weight": torch.ones(2),
            },
            "do not fit",
        ),
        ({"model.0.weight": torch.ones(8, 3, 3, 3), "model.1.sub.0.RDB1.conv1.0.weight": torch.ones(2)}, "do not fit"),
    ],
)
def test_unknown_and_incomplete_weights_are_refused(tmp_path: Path, state: dict[str, Tensor], said: str) -> None:
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(UserError, match=said):
        read_checkpoint(tmp_path / "net.pth")


def test_a_network_with_a_mask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="2 to 1 channels"):
        read_checkpoint(saved(published("ESRGAN", in_nc=2, out_nc=1, num_filters=8, num_blocks=1), tmp_path / "n.pth"))


def box(x: Tensor, reach: int) -> Tensor:
    return nn.functional.avg_pool2d(x, 2 * reach + 1, stride=1, padding=reach)


def in_windows(x: Tensor) -> Tensor:
    """Each window of 16 px becomes its mean."""
    pad = [-edge % 16 for edge in x.shape[-2:]]
    mean = nn.functional.avg_pool2d(nn.functional.pad(x, (0, pad[1], 0, pad[0]), "replicate"), 16)
    return mean.repeat_interleave(16, 2).repeat_interleave(16, 3)[..., : x.shape[2], : x.shape[3]]


@pytest.mark.parametrize(
    ("network", "rule"),
    [
        (lambda x: box(x, 10), TileRule(1, 17)),
        (lambda x: box(x, 20), TileRule(1, 33)),
        (in_windows, TileRule(16, 16)),
        (lambda x: x + x.mean((2, 3), keepdim=True), TileRule(1, None)),
        # The mean of a tile is almost that of the whole test image, so that only other surroundings show what it needs.
        (lambda x: x + 0.05 * x.mean((2, 3), keepdim=True), TileRule(1, None)),
    ],
    ids=["reach 10", "reach 20", "windows", "whole", "whole, faintly"],
)
def test_tile_rule_is_what_the_network_needs(network, rule: TileRule) -> None:
    assert measure_tile_rule(network, 1, 1, 1) == rule
