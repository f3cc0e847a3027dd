"""Thin convolutions equal those of torch, values and gradients, and so does instance norm in training."""

import pytest
import torch
from torch import nn

from sem_models.networks.pooled_norm import PooledInstanceNorm
from sem_models.networks.thin_conv import ThinConv2d


@pytest.mark.parametrize(
    ("before", "after", "size", "padding"), [(3, 1, 7, 0), (2, 1, 3, 1), (1, 4, 5, 2), (1, 1, 7, 3)]
)
def test_the_same_as_an_ordinary_convolution(
    before: int, after: int, size: int, padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    thin, usual = (kind(before, after, size, padding=padding).double() for kind in (ThinConv2d, nn.Conv2d))
    usual.load_state_dict(thin.state_dict())
    x = torch.randn(2, before, 9, 12, dtype=torch.float64, requires_grad=True)
    wanted = usual(x)
    evaluated = thin.eval()(x)
    assert torch.equal(evaluated, wanted)
    monkeypatch.setattr(nn.Conv2d, "forward", lambda *_: pytest.fail("the usual form"))
    made = thin.train()(x)
    torch.testing.assert_close(made, wanted, rtol=1e-12, atol=1e-12)
    weights = torch.randn_like(made)
    found = torch.autograd.grad((made * weights).sum(), [x, *thin.parameters()])
    expected = torch.autograd.grad((wanted * weights).sum(), [x, *usual.parameters()])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count", [1, 3])
def test_instance_norm_in_training_is_that_of_torch(count: int) -> None:
    x = torch.randn(count, 5, 9, 7, dtype=torch.float64).to(memory_format=torch.channels_last) * 3 + 50
    normed = PooledInstanceNorm().train()(x)
    torch.testing.assert_close(normed, nn.InstanceNorm2d(5)(x), rtol=1e-10, atol=1e-10)
    assert normed.is_contiguous(memory_format=torch.channels_last)
    single = PooledInstanceNorm().train()(x[..., :1, :1])
    torch.testing.assert_close(single, torch.zeros_like(single), rtol=0, atol=1e-9)
