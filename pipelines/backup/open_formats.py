"""Files of NumPy and PyTorch in formats that any program reads, and back.

| written by the workbench | in the open |
|---|---|
| `a.npy`, an image | `a.npy.tif` |
| `a.npz`, named arrays | `a.npz.json` |
| `a.pt`, the state to resume a training from | `a.pt.safetensors` with the tensors, `a.pt.json` with all else |

Everything else is JSON, CSV, text, PNG, TIFF or safetensors already, and stays as it is. So does a file whose content
would not come back exactly.
"""

import json
import shutil
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

_TENSORS, _REST = ".safetensors", ".json"


def open_file(source: Path, target: Path) -> None:
    """Write a file in an open format, as `target` with another ending where it needs one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    opened = _OPENERS.get(source.suffix)
    if opened is None or not opened(source, target):
        shutil.copyfile(source, target)


def close_file(source: Path, target: Path) -> Path | None:
    """Write a file as the workbench needs it; returns its path, or None for the second half of another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.name.endswith(f".pt{_TENSORS}"):
        return None
    for ending, closed in _CLOSERS.items():
        if source.name.endswith(ending):
            plain = target.with_name(target.name.removesuffix(Path(ending).suffix))
            closed(source, plain)
            return plain
    shutil.copyfile(source, target)
    return target


def _open_array(source: Path, target: Path) -> bool:
    array = np.load(source, allow_pickle=False)
    path = _with(target, ".tif")
    if array.ndim not in (2, 3) or not np.issubdtype(array.dtype, np.number) or not array.size:
        return False
    tifffile.imwrite(path, array, photometric="minisblack", compression="zlib")
    back = tifffile.imread(path)
    if back.dtype == array.dtype and np.array_equal(
        back.reshape(array.shape), array, equal_nan=np.issubdtype(array.dtype, np.floating)
    ):
        return True
    path.unlink()
    return False


def _close_array(source: Path, target: Path) -> None:
    with tifffile.TiffFile(source) as tiff:
        page = tiff.series[0]
        shape = tiff.shaped_metadata[0]["shape"] if tiff.shaped_metadata else page.shape
        np.save(target, np.ascontiguousarray(page.asarray().reshape(shape)), allow_pickle=False)


def _open_arrays(source: Path, target: Path) -> bool:
    with np.load(source, allow_pickle=False) as stored:
        content = {
            name: {
                "dtype": stored[name].dtype.str,
                "shape": stored[name].shape,
                "values": stored[name].ravel().tolist(),
            }
            for name in stored.files
        }
    _with(target, _REST).write_text(json.dumps(content) + "\n")
    return True


def _close_arrays(source: Path, target: Path) -> None:
    content = json.loads(source.read_text())
    arrays = {name: np.array(own["values"], own["dtype"]).reshape(own["shape"]) for name, own in content.items()}
    with target.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # the stubs expect a flag among the arrays


def _open_state(source: Path, target: Path) -> bool:
    import torch
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    try:
        rest = _taken_apart(torch.load(source, map_location="cpu", weights_only=True), tensors)
    except _OtherThing:
        return False
    save_file(tensors, _with(target, _TENSORS))
    _with(target, _REST).write_text(json.dumps(rest) + "\n")
    return True


def _close_state(source: Path, target: Path) -> None:
    import torch
    from safetensors.torch import load_file

    tensors = load_file(source.with_suffix(_TENSORS))
    torch.save(_put_together(json.loads(source.read_text()), tensors), target)


class _OtherThing(Exception):
    """A value that JSON and safetensors do not hold."""


def _taken_apart(thing: Any, tensors: dict[str, Any]) -> Any:
    """Return JSON in which each tensor is named, with containers of Python told apart; the tensors are collected."""
    import torch

    if thing is None or type(thing) in (bool, int, float, str):
        return thing
    if isinstance(thing, torch.Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = thing.detach().clone().contiguous()
        return {"tensor": name}
    if type(thing) in (dict, OrderedDict):
        pairs = [[_taken_apart(key, tensors), _taken_apart(value, tensors)] for key, value in thing.items()]
        return {"dict" if type(thing) is dict else "ordered": pairs}
    if type(thing) in (list, tuple):
        return {type(thing).__name__: [_taken_apart(item, tensors) for item in thing]}
    raise _OtherThing


def _put_together(thing: Any, tensors: Mapping[str, Any]) -> Any:
    if not isinstance(thing, dict):
        return thing
    ((label, content),) = thing.items()
    if label == "tensor":
        return tensors[content]
    if label in ("dict", "ordered"):
        pairs = [(_put_together(key, tensors), _put_together(value, tensors)) for key, value in content]
        return dict(pairs) if label == "dict" else OrderedDict(pairs)
    items = [_put_together(item, tensors) for item in content]
    return items if label == "list" else tuple(items)


def _with(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


_OPENERS: Mapping[str, Callable[[Path, Path], bool]] = {
    ".npy": _open_array,
    ".npz": _open_arrays,
    ".pt": _open_state,
}
_CLOSERS: Mapping[str, Callable[[Path, Path], None]] = {
    ".npy.tif": _close_array,
    f".npz{_REST}": _close_arrays,
    f".pt{_REST}": _close_state,
}
