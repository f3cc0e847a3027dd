"""Weights files: equal weights are equal bytes, which other programs can read."""

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from sem_models.images.io.read import file_sha256
from sem_models.inference.storage import save_weights

WEIGHTS = {
    "b.weight": torch.arange(6.0).reshape(2, 3),
    "a.bias": torch.zeros(3, dtype=torch.float16),
    "größe": torch.tensor([1, 2]),
}


def test_equal_weights_are_equal_bytes(tmp_path: Path) -> None:
    """Safetensors writes its metadata in random order, so that 16 files are equal by chance once in 32768 times."""
    for index in range(16):
        order = dict(sorted(WEIGHTS.items(), reverse=index % 2 == 0))
        save_weights(tmp_path / f"{index}.safetensors", order, "backward")
    assert len({file_sha256(path) for path in tmp_path.iterdir()}) == 1


def test_the_file_is_a_safetensors_file_with_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(path, WEIGHTS, "backward")
    found = load_file(path)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in WEIGHTS.items())
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"format": "pt", "direction": "backward"}


def test_other_weights_are_other_bytes(tmp_path: Path) -> None:
    save_weights(tmp_path / "a", WEIGHTS)
    save_weights(tmp_path / "b", {**WEIGHTS, "a.bias": torch.ones(3, dtype=torch.float16)})
    assert file_sha256(tmp_path / "a") != file_sha256(tmp_path / "b")
