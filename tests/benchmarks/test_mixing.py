"""Mixing of a starter model with its fine-tunings: weights by closed form, the share by the rule that is published."""

import pytest
import torch

from benchmarks.starters.mixing import average, chosen_share, mixed

BEFORE = {"weight": torch.tensor([1.0, 3.0], dtype=torch.float16)}
AFTER = {"weight": torch.tensor([3.0, -1.0])}


def test_weights_lie_on_the_line_between_both_networks() -> None:
    assert mixed(BEFORE, AFTER, 0.25)["weight"].tolist() == [1.5, 2.0]
    assert mixed(BEFORE, AFTER, 0.0)["weight"].tolist() == [1.0, 3.0]
    assert average([BEFORE, AFTER, AFTER])["weight"].tolist() == pytest.approx([7 / 3, 1 / 3])


def test_the_best_share_on_real_images_is_taken_of_those_that_lose_little_elsewhere() -> None:
    tried = {
        0.0: {"real": 30.0, "noisy": 25.0, "clean": 33.0},
        0.5: {"real": 31.0, "noisy": 25.2, "clean": 32.95},
        0.8: {"real": 32.0, "noisy": 25.0, "clean": 32.7},
        1.0: {"real": 30.5, "noisy": 24.95, "clean": 33.1},
    }
    assert chosen_share(tried) == 0.5
    assert chosen_share({0.0: tried[0.0], 0.8: tried[0.8]}) == 0.0, "0.15 dB are lost on average"
