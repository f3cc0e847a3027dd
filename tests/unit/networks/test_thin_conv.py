"""Thin convolutions equal those of torch, values and gradients, and instance norm in training that of torch."""

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


def test_instance_norm_in_training_is_that_of_torch() -> None:
    x = torch.randn(2, 5, 9, 7, dtype=torch.float64) * 3 + 50
    torch.testing.assert_close(PooledInstanceNorm().train()(x), nn.InstanceNorm2d(5)(x), rtol=1e-12, atol=1e-12)
    assert torch.equal(PooledInstanceNorm().train()(x[..., :1, :1]), torch.zeros(2, 5, 1, 1, dtype=torch.float64))
