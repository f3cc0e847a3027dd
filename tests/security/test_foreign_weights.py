"""Weights of unknown origin that hold a program are refused in one line, and the program never runs."""

import pickle
from pathlib import Path

import pytest
import torch

from sem_models.errors import UserError
from sem_models.inference.foreign.read import read_foreign
from tests.support.payloads import Payload


def beside_weights(payload: Payload, path: Path) -> None:
    torch.save({"params": {"conv_first.weight": torch.zeros(3)}, "hook": payload}, path)


def in_the_old_format(payload: Payload, path: Path) -> None:
    torch.save({"hook": payload}, path, _use_new_zipfile_serialization=False)


def alone(payload: Payload, path: Path) -> None:
    path.write_bytes(pickle.dumps(payload, protocol=4))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("suffix", ["pth", "pt", "ckpt"])
@pytest.mark.parametrize("write", [beside_weights, in_the_old_format, alone])
def test_a_program_in_a_pickle_is_refused_and_not_run(tmp_path: Path, write, suffix: str) -> None:
    proof, path = tmp_path / "it-ran", tmp_path / f"evil.{suffix}"
    write(Payload(proof), path)
    with pytest.raises(UserError) as caught:
        read_foreign(path)
    assert not proof.exists()
    assert "evil" in str(caught.value)
    assert "it was not opened" in str(caught.value)
    assert "\n" not in str(caught.value)
    # The file is what it claims to be: the usual way of reading would have run it.
    with path.open("rb") as file:
        if write is alone:
            pickle.load(file)  # noqa: S301
        else:
            torch.load(path, weights_only=False)
    assert proof.exists()


@pytest.mark.filterwarnings("ignore:.*looks like a TorchScript")
def test_a_program_in_torchscript_is_refused(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Conv2d(1, 1, 3)), tmp_path / "script.pt")
    with pytest.raises(UserError, match="TorchScript"):
        read_foreign(tmp_path / "script.pt")


@pytest.mark.parametrize("suffix", ["pth", "safetensors", "zip"])
@pytest.mark.parametrize("content", [b"", b"hello world" * 30, b"PK\x03\x04" + b"\0" * 99])
def test_damaged_files_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    if suffix == "zip":
        pytest.importorskip("bioimageio.spec")
    path = tmp_path / f"broken.{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_foreign(path)
    assert "broken" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "run a program" not in str(caught.value), "which would be a reason to suspect its author"


def test_other_files_missing_files_and_tensors_without_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").touch()
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    for name, said in (("net.onnx", "weights are read from"), ("none.pth", "no such file"), ("tensor.pth", "a Tensor")):
        with pytest.raises(UserError, match=said):
            read_foreign(tmp_path / name)
