"""Attention in shifted windows, compared with a computation pixel by pixel that uses coordinates instead of masks."""

import math

import pytest
import torch
from torch import Tensor

from sem_models.networks.swinir import SwinLayer, WindowAttention, relative_index, seam_mask


def attended(layer: WindowAttention, x: Tensor, shift: int) -> Tensor:
    """Loops over pixels and over those in the same window; windows are offset by `shift` and end at the image edge."""
    n, height, width, channels = x.shape
    window, heads = layer.window, layer.heads
    size = channels // heads
    weight, bias = layer.qkv.weight, layer.qkv.bias
    mixed = torch.zeros_like(x)
    for b in range(n):
        for row in range(height):
            for column in range(width):
                same = [
                    (r, c)
                    for r in range(height)
                    for c in range(width)
                    if (r - shift) // window == (row - shift) // window
                    and (c - shift) // window == (column - shift) // window
                ]
                for head in range(heads):
                    q, k, v = (
                        slice(part * channels + head * size, part * channels + (head + 1) * size) for part in range(3)
                    )
                    query = weight[q] @ x[b, row, column] + bias[q]
                    logits, seen = [], []
                    for r, c in same:
                        entry = (row - r + window - 1) * (2 * window - 1) + (column - c + window - 1)
                        key = weight[k] @ x[b, r, c] + bias[k]
                        logits.append(query @ key / math.sqrt(size) + layer.bias_table[entry, head])
                        seen.append(weight[v] @ x[b, r, c] + bias[v])
                    share = torch.softmax(torch.stack(logits), 0)
                    mixed[b, row, column, head * size : (head + 1) * size] = share @ torch.stack(seen)
    return mixed @ layer.out.weight.T + layer.out.bias


def random_attention(width: int, heads: int, window: int) -> WindowAttention:
    layer = WindowAttention(width, heads, window).double().requires_grad_(False)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return layer


@pytest.mark.parametrize(
    ("heads", "window", "shift", "size"),
    [(1, 2, 0, (4, 6)), (2, 4, 0, (8, 4)), (2, 4, 2, (8, 12)), (1, 3, 1, (6, 6)), (2, 4, 2, (4, 4))],
)
def test_attention_is_that_of_single_pixels(heads: int, window: int, shift: int, size: tuple[int, int]) -> None:
    """Also across the seam of the cyclic shift, and if one window covers the whole image."""
    torch.manual_seed(0)
    layer = random_attention(4, heads, window)
    x = torch.randn(2, *size, 4, dtype=torch.float64)
    rolled = layer(torch.roll(x, (-shift, -shift), (1, 2)), shift)
    found = torch.roll(rolled, (shift, shift), (1, 2))
    torch.testing.assert_close(found, attended(layer, x, shift), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shift", [0, 2])
def test_a_layer_is_attention_and_mlp_with_identities(shift: int) -> None:
    torch.manual_seed(0)
    layer = SwinLayer(4, 2, 4, shift, drop_path=0.5).double().eval().requires_grad_(False)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    x = torch.randn(1, 8, 8, 4, dtype=torch.float64)
    y = x + attended(layer.attention, layer.norm1(x), shift)
    expected = y + layer.mlp(layer.norm2(y))
    torch.testing.assert_close(layer(x), expected, rtol=1e-9, atol=1e-9)


def test_pixels_over_the_seam_do_not_see_each_other() -> None:
    """Eight pixels, windows of four shifted by two: the last window of a row contains both of its ends."""
    mask = seam_mask((1, 2), 4, 2, torch.device("cpu"))
    assert mask.shape == (2, 16, 16)
    same_row_far_end = mask[1, 0, 2]
    assert same_row_far_end == float("-inf")
    assert mask[1, 0, 1] == 0
    assert (mask.diagonal(dim1=1, dim2=2) == 0).all()
    assert torch.equal(mask, mask.transpose(1, 2))


def test_relative_positions_have_a_row_each() -> None:
    index = relative_index(3)
    assert index.shape == (9, 9)
    assert sorted(set(index.flatten().tolist())) == list(range(25))
    assert set(index.diagonal().tolist()) == {12}, "a pixel and itself: the middle of 5 x 5"


def test_stochastic_depth_keeps_the_mean_and_rests_in_evaluation() -> None:
    """The branch of a sample is dropped at the given rate, and scaled up if it is kept."""
    torch.manual_seed(0)
    layer = SwinLayer(4, 2, 4, 0, drop_path=0.25)
    y = torch.ones(4000, 1, 1, 4)
    kept = layer.train()._dropped(y)
    assert kept.unique().tolist() == pytest.approx([0, 4 / 3])
    assert torch.equal(kept[..., 0], kept[..., 3]), "whole samples"
    assert (kept == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(layer.eval()._dropped(y), y)
