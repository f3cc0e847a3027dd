"""Image signals of dm3, dm4, emd and ser files, with an exact stand-in for the optional reader."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sem_models.errors import UserError
from sem_models.images.io.read import read_pages

REAL = np.arange(12, dtype=np.float32).reshape(3, 4)


def signal(data: np.ndarray, units: str = "nm", scale: float = 0.5) -> dict[str, Any]:
    return {"data": data, "axes": [{"units": units, "scale": scale}] * 2, "metadata": {}}


def pages(monkeypatch: pytest.MonkeyPatch, folder: Path, *signals: dict[str, Any]) -> list[Any]:
    reader = SimpleNamespace(file_reader=lambda path, **options: list(signals))
    monkeypatch.setitem(sys.modules, "rsciio", SimpleNamespace(digitalmicrograph=reader))
    monkeypatch.setitem(sys.modules, "rsciio.digitalmicrograph", reader)
    (folder / "image.dm3").write_bytes(b"\0" * 1000)
    return list(read_pages(folder / "image.dm3"))


def test_a_transform_beside_an_image_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    transform = signal(REAL.astype(np.complex64), "1/nm")
    (found,) = pages(monkeypatch, tmp_path, transform, signal(REAL))
    assert np.array_equal(found.pixels[..., 0], REAL)
    assert found.source == "image.dm3"
    with pytest.raises(UserError, match="modulus"):
        pages(monkeypatch, tmp_path, transform)


def test_transparency_is_not_averaged_into_the_grey_levels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    colours = np.zeros((3, 4), np.dtype([(name, np.uint8) for name in "RGBA"]))
    for name, level in zip("RGB", (90, 100, 110), strict=True):
        colours[name] = level
    (found,) = pages(monkeypatch, tmp_path, signal(colours))
    assert np.all(found.pixels == 100)


@pytest.mark.parametrize(("scale", "size_nm"), [(0.5, 0.5), (4e16, None), (1e-9, None)])
def test_sizes_that_no_microscope_has_are_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scale: float, size_nm: float | None
) -> None:
    (found,) = pages(monkeypatch, tmp_path, signal(REAL, scale=scale))
    assert found.pixel_size_nm == size_nm
