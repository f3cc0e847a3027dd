"""dm3, dm4, emd and ser through RosettaSciIO, an optional package (GPL-3.0)."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sem_models.errors import UserError
from sem_models.images.io.formats.limits import refuse_bomb
from sem_models.images.io.vendors.facts import known, number
from sem_models.images.micrograph import Fact, Micrograph
from sem_models.images.units import to_nm

_READERS = {
    ".dm3": "digitalmicrograph",
    ".dm4": "digitalmicrograph",
    ".emd": "emd",
    ".ser": "tia",
    ".emi": "tia",
}


def read(path: Path) -> Iterator[Micrograph]:
    """One micrograph a two-dimensional image signal; spectra are left out."""
    try:
        reader = import_module(f"rsciio.{_READERS[path.suffix.lower()]}")
    except ImportError as error:
        raise UserError(
            f"{path.name}: reading {path.suffix} needs an optional package: pip install -r requirements-formats.txt"
        ) from error
    images = [signal for signal in reader.file_reader(str(path)) if _is_image(signal)]
    if not images:
        raise UserError(f"{path.name}: it holds no image (only spectra or tables); export the image itself.")
    planes = [(signal, plane) for signal in images for plane in _planes(path, signal)]
    for index, (signal, plane) in enumerate(planes):
        source = path.name if len(planes) == 1 else f"{path.name}#{index}"
        yield Micrograph(plane[:, :, None], _pixel_size_nm(signal), _facts(signal), source)


def _is_image(signal: dict[str, Any]) -> bool:
    kind = signal.get("metadata", {}).get("Signal", {}).get("signal_type", "")
    axes = signal["axes"]
    units = [str(axis.get("units")) for axis in axes[-2:]]
    return len(axes) >= 2 and kind not in ("EELS", "EDS_TEM", "EDS_SEM") and not any("eV" in unit for unit in units)


def _planes(path: Path, signal: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    data = np.asarray(signal["data"])
    refuse_bomb(path, data.shape, data.dtype.itemsize, path.stat().st_size)
    if data.dtype.names:
        data = np.stack([data[name] for name in data.dtype.names], axis=0).mean(axis=0).astype(np.uint8)
    return list(data.reshape(-1, *data.shape[-2:]))


def _pixel_size_nm(signal: dict[str, Any]) -> float | None:
    axis = signal["axes"][-1]
    scale = number(axis.get("scale"))
    try:
        return to_nm(scale, str(axis.get("units"))) if scale else None
    except ValueError:
        return None


def _facts(signal: dict[str, Any]) -> dict[str, Fact]:
    instrument = signal.get("metadata", {}).get("Acquisition_instrument", {})
    for kind in ("TEM", "SEM"):
        if kind in instrument:
            part = instrument[kind]
            return known(
                voltage_kv=number(part.get("beam_energy")),
                magnification=number(part.get("magnification")),
                instrument=str(part.get("microscope") or ""),
            )
    return {}
