"""Noise is tied to positions: fields of any size agree where they overlap, and no part of one is a copy of another."""

import numpy as np
import pytest
import torch

from sem_models.inference.diffusion.noise_field import noise_field


def test_fields_of_one_key_agree_and_their_blocks_are_no_copies() -> None:
    whole = noise_field((150, 300), 2, (3, 1))
    for height, width in ((10, 10), (70, 200), (64, 128), (150, 65)):
        assert torch.equal(noise_field((height, width), 2, (3, 1)), whole[:, :height, :width])
    for key in ((3, 2), (4, 1)):
        assert abs(np.corrcoef(noise_field((150, 300), 2, key).ravel(), whole.ravel())[0, 1]) < 0.02
    blocks = whole[:, :128, :256].unfold(1, 64, 64).unfold(2, 64, 64).flatten(0, 2).flatten(1)
    between = np.corrcoef(blocks)[np.triu_indices(len(blocks), 1)]
    assert np.abs(between).max() < 0.1, "of 4096 numbers each"
    assert whole.mean().item() == pytest.approx(0, abs=0.02)
    assert whole.std().item() == pytest.approx(1, abs=0.02)
