"""dm3, dm4, emd and ser, read with RosettaSciIO, an optional package (GPL-3.0)."""

import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sem_models.errors import UserError
from sem_models.images.facts import Fact
from sem_models.images.io.formats.hdf5_files import refuse_other_files
from sem_models.images.io.formats.limits import refuse_many_pages, refuse_oversized
from sem_models.images.io.vendors.facts import aspect_of, degrees, known, moment, number, scaled
from sem_models.images.micrograph import Micrograph
from sem_models.images.units import to_nm

_READERS = {
    ".dm3": "digitalmicrograph",
    ".dm4": "digitalmicrograph",
    ".emd": "emd",
    ".ser": "tia",
    ".emi": "tia",
}
_HDF5 = ".emd"
# Beyond these, the unit is wrong (a reciprocal one, for example), since no electron microscope has such pixels.
_SMALLEST_NM, _LARGEST_NM = 1e-4, 1e6
_INSTRUMENTS = ("Acquisition_instrument.TEM.", "Acquisition_instrument.SEM.")


def read(path: Path, most_samples: int) -> Iterator[Micrograph]:
    """Read one micrograph per plane of every image signal; spectra, and transforms beside an image, are skipped."""
    try:
        reader = import_module(f"rsciio.{_READERS[path.suffix.lower()]}")
    except ImportError as error:
        raise UserError(
            f"{path.name}: reading {path.suffix} needs an optional package: pip install -r requirements-formats.txt"
        ) from error
    options = {}
    if path.suffix.lower() == _HDF5:
        refuse_other_files(path)
        # Spectra are skipped anyway, and those of Velox files take long to unpack.
        options["select_type"] = "images"
    images = [signal for signal in reader.file_reader(str(path), lazy=True, **options) if _is_image(signal)]
    if not images:
        raise UserError(f"{path.name}: the file contains no image, only spectra or tables; export the image itself.")
    # A Fourier transform beside the image is left out; a file of nothing else is refused with advice when it is read.
    images = [signal for signal in images if not np.iscomplexobj(signal["data"])] or images
    counts = [math.prod(signal["data"].shape[:-2]) for signal in images]
    refuse_many_pages(path, sum(counts))
    index = 0
    for signal, count in zip(images, counts, strict=True):
        for plane in _planes(path, signal, count, most_samples):
            source = path.name if sum(counts) == 1 else f"{path.name}#{index}"
            width, height = _edge_nm(signal, -1), _edge_nm(signal, -2)
            yield Micrograph(plane[:, :, None], width, _facts(signal), source, pixel_aspect=aspect_of(width, height))
            index += 1


def _is_image(signal: dict[str, Any]) -> bool:
    signal_type = signal.get("metadata", {}).get("Signal", {}).get("signal_type", "")
    axes = signal["axes"]
    units = [str(axis.get("units")) for axis in axes[-2:]]
    return (
        len(axes) >= 2 and signal_type not in ("EELS", "EDS_TEM", "EDS_SEM") and not any("eV" in unit for unit in units)
    )


def _planes(path: Path, signal: dict[str, Any], count: int, most_samples: int) -> Iterator[np.ndarray[Any, Any]]:
    """Load one plane after another. Until then the data is lazy, so that its size can be refused."""
    data = signal["data"]
    refuse_oversized(path, data.shape[-2:], data.dtype.itemsize, most_samples)
    for index in range(count):
        yield _grey(np.asarray(data.reshape(count, *data.shape[-2:])[index]))


def _grey(plane: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if not plane.dtype.names:
        return plane
    colours = [plane[name] for name in plane.dtype.names if name.upper() != "A"]
    mean: np.ndarray[Any, Any] = np.stack(colours, axis=0).mean(axis=0).astype(np.uint8)
    return mean


def _edge_nm(signal: dict[str, Any], position: int) -> float | None:
    """Return the width (last axis) or height (the axis before it) of a pixel."""
    axis = signal["axes"][position]
    scale = number(axis.get("scale"))
    try:
        size_nm = to_nm(scale, str(axis.get("units"))) if scale else None
    except ValueError:
        return None
    return size_nm if size_nm and _SMALLEST_NM <= size_nm <= _LARGEST_NM else None


def _facts(signal: dict[str, Any]) -> dict[str, Fact]:
    found = _mapped(signal)
    said = {name.split(".", 2)[-1]: value for name, value in found.items() if name.startswith(_INSTRUMENTS)}
    original = signal.get("original_metadata", {})
    return known(
        instrument=_text(said.get("microscope")),
        detector=_text(_at(original, "BinaryResult.Detector")),
        voltage_kv=number(said.get("beam_energy")),
        beam_current_pa=scaled(said.get("beam_current"), 1e3),
        working_distance_mm=number(said.get("working_distance")),
        magnification=number(said.get("magnification")),
        dwell_time_us=scaled(said.get("dwell_time") or _at(original, "Scan.DwellTime"), 1e6),
        exposure_s=number(said.get("Camera.exposure")),
        stage_tilt_deg=degrees(said.get("Stage.tilt_alpha", said.get("Stage.tilt"))),
        acquired=moment(f"{found.get('General.date', '')}T{found.get('General.time', '')}"),
    )


def _mapped(signal: dict[str, Any]) -> dict[str, Any]:
    """Return date, time and acquisition facts by their HyperSpy names, using the mapping that comes with the data."""
    general = signal.get("metadata", {}).get("General", {})
    found = {f"General.{name}": general[name] for name in ("date", "time") if name in general}
    for path, (name, convert) in signal.get("mapping", {}).items():
        value = _at(signal.get("original_metadata", {}), path)
        if value is None or not name.startswith(("Acquisition_instrument.", "General.")):
            continue
        try:
            found[name] = convert(value) if convert else value
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            # The field was left empty or was filled in by hand.
            continue
    return found


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
