"""One row a loss: its value on a constant difference d, in closed form."""

import math

import pytest
import torch

from sem_models.errors import UserError
from sem_models.losses.table import LOSSES, find_loss

ROWS = {"l1": 0.3, "mse": 0.09, "charbonnier": math.sqrt(0.09 + 1e-6)}


@pytest.mark.parametrize("name", LOSSES)
def test_closed_form_and_gradient(name: str) -> None:
    target = torch.rand(2, 1, 16, 16)
    output = (target + 0.3).requires_grad_()
    value = find_loss(name)(output, target)
    assert value.item() == pytest.approx(ROWS[name], rel=1e-4)
    value.backward()
    assert output.grad is not None
    assert (output.grad > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_no_difference_is_the_minimum(name: str) -> None:
    target = torch.rand(1, 1, 8, 8)
    assert float(find_loss(name)(target, target)) < 1.001e-3
    assert torch.isfinite(find_loss(name)(target.clone().requires_grad_(), target))


def test_unknown_loss_lists_the_known() -> None:
    with pytest.raises(UserError, match="l1, mse"):
        find_loss("l7")
