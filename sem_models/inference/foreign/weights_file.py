"""Reading weights of unknown origin, of which nothing but numbers is accepted.

A PyTorch file is a pickle, which can run any program when it is opened. It is read with `weights_only`, which knows
tensors and plain containers alone, and in no other way.
"""

import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from sem_models.errors import UserError
from sem_models.inference.foreign.suffixes import PICKLES, SAFETENSORS


def read_weights_file(path: Path) -> dict[str, Any]:
    """Read the contents of a `.pth`, `.pt`, `.ckpt` or `.safetensors` file to the CPU.

    Returns:
        Weights by name, or a dictionary that contains such dictionaries, as training programs write them.

    Raises:
        UserError: There is no such file, it is damaged, has another suffix, or holds more than tensors.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        known = ", ".join(_READERS)
        raise UserError(f"{path}: weights are read from {known} files; convert it, or export it as one of them.")
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; check the path.")
    content = read(path)
    if not isinstance(content, dict):
        raise UserError(
            f"{path} holds a {type(content).__name__}, not weights by name; save the state_dict of the model."
        )
    return content


def _read_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not _is_of_torch(path):
            raise _damaged(path, UserError("PyTorch writes ZIP archives or pickles, and this is neither")) from error
        raise UserError(
            f"{path} holds more than numbers, and opening it could run a program: it was not opened. Ask its author "
            "for a .safetensors file, or for the state_dict alone."
        ) from error
    except _UNREADABLE as error:
        raise _damaged(path, error) from error


def _is_of_torch(path: Path) -> bool:
    """Tell whether a file begins as PyTorch begins its files, before 1.6 and since."""
    with path.open("rb") as file:
        return file.read(1) == _PICKLE or zipfile.is_zipfile(path)


def _read_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UserError:
    reason = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
    return UserError(f"{path} is damaged, or no file of weights ({reason}); download it again.")


_PICKLE = b"\x80"
_UNREADABLE = (
    OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError,
    OverflowError, struct.error,
)  # fmt: skip
"""Exceptions that reading a damaged file may raise."""
_READERS: dict[str, Callable[[Path], Any]] = {
    SAFETENSORS: _read_safetensors,
    **dict.fromkeys(PICKLES, _read_pickle),
}


def tensors_of(state: dict[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of a state dict, in 32 bit where they are floating-point numbers; the rest is left out."""
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in state.items()
        if isinstance(value, Tensor)
    }
