"""The mean over similar places against the same thing written as loops over pixels."""

import numpy as np
import pytest
import torch

from sem_models.inference.self_similarity import similar_mean

REACH, HALF, TOLERANCE, OWN = 6, 2, 0.3, 0.2
SHAPE = (19, 23)


def images() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Recorded values, a prediction and the variance of the noise, (1, 1, H, W) each."""
    generator = torch.Generator().manual_seed(0)
    prediction, grain, variance = (torch.rand(1, 1, *SHAPE, generator=generator) for _ in range(3))
    return prediction + 0.3 * (grain - 0.5), prediction, 0.05 + 0.1 * variance


def one_by_one(recorded: np.ndarray, prediction: np.ndarray, variance: np.ndarray, row: int, column: int) -> float:
    far = np.pad(recorded, REACH, mode="edge"), np.pad(prediction, REACH, mode="edge")
    total, weights = OWN * prediction[row, column], OWN
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            if down == right == 0:
                continue
            values, guide = (image[REACH + down :, REACH + right :][: SHAPE[0], : SHAPE[1]] for image in far)
            difference = np.pad((guide - prediction) ** 2 / variance, HALF, mode="edge")
            patch = difference[row : row + 2 * HALF + 1, column : column + 2 * HALF + 1].mean()
            weight = np.exp(-patch / TOLERANCE)
            total, weights = total + weight * values[row, column], weights + weight
    return total / weights


@pytest.mark.parametrize("place", [(0, 0), (9, 11), (18, 3), (12, 22)])
def test_it_is_that_of_loops_over_pixels(place: tuple[int, int]) -> None:
    given = images()
    found = similar_mean(*given)[0, 0][place]
    assert float(found) == pytest.approx(
        one_by_one(*(image[0, 0].double().numpy() for image in given), *place), rel=1e-5
    )


def test_where_nothing_is_similar_the_prediction_is_returned() -> None:
    recorded, prediction, variance = images()
    assert torch.allclose(similar_mean(recorded, prediction, 1e-6 * variance), prediction, atol=1e-5)


def test_the_pixel_itself_is_left_out() -> None:
    recorded, prediction, variance = images()
    changed = recorded.clone()
    changed[0, 0, 9, 9] += 5
    before, after = (similar_mean(values, prediction, variance)[0, 0, 9, 9] for values in (recorded, changed))
    assert before == after
