"""The blind spot is exact: what an output pixel must not depend on has no influence on it, everything around it has."""

import pytest
import torch

from sem_models.config.networks.blind_spot_unet import BlindSpotUNetConfig
from sem_models.networks.table import build_network

EDGE = 32
PLACES = [(12, 16), (13, 17), (14, 18), (15, 19), (0, 0), (31, 31), (0, 17)]
"""Every phase of the grid of four pixels, corners, and an edge."""


def influence(excludes: str, place: tuple[int, int]) -> torch.Tensor:
    """The gradient of mean and variance at `place` with respect to the image, (EDGE, EDGE) in double precision."""
    torch.manual_seed(0)
    network = build_network(BlindSpotUNetConfig(width=8, depth=2, excludes=excludes)).double()
    x = torch.rand(1, 1, EDGE, EDGE, dtype=torch.float64, requires_grad=True)
    mean, log_variance = network.moments(x)
    (slope,) = torch.autograd.grad((mean + log_variance)[0, 0, place[0], place[1]], x)
    return slope[0, 0]


@pytest.mark.parametrize("place", PLACES)
def test_a_pixel_does_not_influence_its_own_prediction_and_its_neighbours_do(place: tuple[int, int]) -> None:
    slope = influence("pixel", place)
    assert slope[place] == 0
    row, column = place
    around = slope[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    assert (around != 0).sum() == around.numel() - 1, "everything beside it is seen"


@pytest.mark.parametrize("place", PLACES)
def test_a_row_does_not_influence_its_own_prediction_and_the_rows_beside_it_do(place: tuple[int, int]) -> None:
    slope = influence("row", place)
    row, column = place
    assert not slope[row].any()
    beside = [other for other in (row - 1, row + 1) if 0 <= other < EDGE]
    assert all(slope[other, column] != 0 for other in beside)


def test_the_mean_is_what_forward_gives() -> None:
    network, x = build_network(BlindSpotUNetConfig(width=4)), torch.rand(2, 1, 8, 12)
    assert torch.equal(network(x), network.moments(x)[0])
