"""Zeiss SmartSEM and Atlas: tag 34118 (CZ_SEM), key and value lines with units."""

from typing import Any

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, known, number
from sem_models.images.units import to_nm

TAG = 34118


def facts(page: TiffPage) -> Facts | None:
    """Facts of one page; None where the tag is absent."""
    if TAG not in page.tags:
        return None
    table = page.tags[TAG].value
    if not isinstance(table, dict):
        return None
    return Facts(_pixel_size_nm(table), _metadata(table))


def _pixel_size_nm(table: dict[str, Any]) -> float | None:
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        length = _length_nm(table, key)
        if length:
            return length
    metres = table.get("", ())
    value = number(metres[3]) if len(metres) > 3 else None
    return value * 1e9 if value else None


def _length_nm(table: dict[str, Any], key: str) -> float | None:
    entry = table.get(key, ())
    if len(entry) < 3 or number(entry[1]) is None:
        return None
    return to_nm(float(entry[1]), str(entry[2]))


def _metadata(table: dict[str, Any]) -> dict[str, Any]:
    working_distance_nm = _length_nm(table, "ap_wd")
    return known(
        instrument=_text(table, "dp_sem"),
        detector=_text(table, "dp_detector_type") or _text(table, "dp_detector_channel"),
        voltage_kv=_voltage_kv(table),
        working_distance_mm=round(working_distance_nm / 1e6, 6) if working_distance_nm else None,
        magnification=_magnification(_text(table, "ap_mag")),
    )


def _text(table: dict[str, Any], key: str) -> str:
    entry = table.get(key, ())
    return str(entry[1]) if len(entry) > 1 else ""


def _voltage_kv(table: dict[str, Any]) -> float | None:
    for key in ("ap_actualkv", "ap_manualkv"):
        entry = table.get(key, ())
        value = number(entry[1]) if len(entry) > 1 else None
        if value:
            return value / 1000 if len(entry) > 2 and str(entry[2]).strip() == "V" else value
    return None


def _magnification(text: str) -> float | None:
    """`1.50 K X` is 1500."""
    words = text.split()
    value = number(words[0]) if words else None
    return value * 1000 if value and "K" in (word.upper() for word in words[1:]) else value
