"""What NumPy and PyTorch wrote can be read by others, and comes back exactly."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from safetensors.numpy import load_file

from pipelines.backup.open_formats import close_file, open_file

RNG = np.random.default_rng(0)


def there_and_back(path: Path) -> tuple[list[Path], Path]:
    """The files in the open, and the one that was made of them."""
    opened, closed = path.parent / "open", path.parent / "closed"
    open_file(path, opened / path.name)
    files = sorted(opened.iterdir())
    (back,) = [made for file in files if (made := close_file(file, closed / file.name))]
    assert back.name == path.name
    return files, back


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32", "float64", "int16"])
@pytest.mark.parametrize("shape", [(7, 9, 1), (7, 9, 3), (7, 9), (1, 1, 1), (3, 5, 2)])
def test_images_are_tiff_files(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    array = (RNG.random(shape) * 200).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    files, back = there_and_back(tmp_path / "a.npy")
    assert [file.name for file in files] == ["a.npy.tif"]
    assert np.array_equal(tifffile.imread(files[0]).reshape(shape), array)
    again = np.load(back)
    assert (again.dtype, again.shape) == (array.dtype, shape)
    assert np.array_equal(again, array)


def test_named_arrays_are_json(tmp_path: Path) -> None:
    arrays = {"sites": RNG.random((3, 2)), "single": RNG.random(3).astype(np.float32), "text": np.array("[1, 2]")}
    np.savez(tmp_path / "a.npz", **arrays)
    files, back = there_and_back(tmp_path / "a.npz")
    assert [file.name for file in files] == ["a.npz.json"]
    with np.load(back, allow_pickle=False) as again:
        assert set(again.files) == set(arrays)
        for name, array in arrays.items():
            assert again[name].dtype == array.dtype
            assert np.array_equal(again[name], array)


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, dict):
        return type(one) is type(other) and list(one) == list(other) and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and one == other


def test_states_of_trainings_are_safetensors_and_json(tmp_path: Path) -> None:
    weights = torch.randn(3, 4)
    state = {
        "optimiser": {"state": {0: {"step": torch.tensor(3.0), "avg": weights}}, "groups": [{"betas": (0.9, 0.999)}]},
        "networks": OrderedDict(a=weights.T, b=weights.bfloat16()),
        "rng": torch.get_rng_state(),
        "progress": {"step": 3, "best": 0.1 + 0.2, "name": "ä", "none": None, "yes": True, "nothing": []},
    }
    torch.save(state, tmp_path / "state.pt")
    files, back = there_and_back(tmp_path / "state.pt")
    assert [file.name for file in files] == ["state.pt.json", "state.pt.safetensors"]
    assert len(torch.load(back, weights_only=True)) == 4
    assert equal(torch.load(back, weights_only=True), state)
    del state["networks"]["b"]  # NumPy has no bfloat16
    open_tensors = tmp_path / "plain"
    torch.save(state, tmp_path / "plain.pt")
    open_file(tmp_path / "plain.pt", open_tensors / "plain.pt")
    assert any(np.array_equal(array, weights.T) for array in load_file(open_tensors / "plain.pt.safetensors").values())


def test_what_would_not_come_back_stays_as_it_is(tmp_path: Path) -> None:
    torch.save({"size": torch.Size([1, 2])}, tmp_path / "odd.pt")
    np.save(tmp_path / "deep.npy", np.zeros((2, 2, 2, 2)))
    (tmp_path / "note.json").write_text("{}")
    for name in ("odd.pt", "deep.npy", "note.json"):
        (tmp_path / name[:3]).mkdir()
        path = (tmp_path / name).rename(tmp_path / name[:3] / name)
        files, back = there_and_back(path)
        assert [file.name for file in files] == [name]
        assert back.read_bytes() == path.read_bytes()
