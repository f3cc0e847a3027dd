"""Zeiss SmartSEM and Atlas: tag 34118 (CZ_SEM), key and value lines with units."""

from typing import Any

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, degrees, known, moment, number, scaled
from sem_models.images.units import to_nm

TAG = 34118
_WIDTH_TOLERANCE = 0.02
_PICOAMPERES = {"pA": 1.0, "nA": 1e3, "µA": 1e6}
_MICROSECONDS = {"ns": 1e-3, "µs": 1.0, "ms": 1e3, "s": 1e6, "Secs": 1e6, "Mins": 6e7, "Hours": 3.6e9}


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if the tag is absent."""
    if TAG not in page.tags:
        return None
    table = page.tags[TAG].value
    if not isinstance(table, dict):
        return None
    return Facts(_pixel_size_nm(table, page.imagewidth), _metadata(table))


def _pixel_size_nm(table: dict[str, Any], columns: int) -> float | None:
    if stored := _length_nm(table, "ap_image_pixel_size"):
        return stored
    displayed, field_width = _length_nm(table, "ap_pixel_size"), _length_nm(table, "ap_width")
    from_width = field_width / columns if field_width else None
    # "Pixel Size" can belong to the display. The width has fewer digits, so it decides only where the two disagree.
    if displayed and (from_width is None or abs(displayed / from_width - 1) < _WIDTH_TOLERANCE):
        return displayed
    if from_width:
        return from_width
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
        beam={"SEM": "electron", "FIB": "ion"}.get(_text(table, "dp_fib_imaging"), ""),
        beam_current_pa=_in_unit(table, "ap_iprobe", _PICOAMPERES),
        # "Dwell Time" does not belong to this scan: it contradicts the line time by three orders of magnitude.
        line_time_ms=scaled(_in_unit(table, "ap_line_time", _MICROSECONDS), 1e-3),
        frame_time_s=scaled(_in_unit(table, "ap_frame_time", _MICROSECONDS), 1e-6),
        stage_tilt_deg=degrees(_text(table, "ap_stage_at_t")),
        scan_rotation_deg=degrees(_text(table, "ap_scanrotation")),
        acquired=moment(f"{_text(table, 'ap_date')} {_text(table, 'ap_time')}", "%d %b %Y %H:%M:%S"),
    )


def _in_unit(table: dict[str, Any], key: str, units: dict[str, float]) -> float | None:
    """Return the value in the unit whose factor is 1; None if it is missing or its unit is not listed."""
    entry = table.get(key, ())
    factor = units.get(str(entry[2]).strip()) if len(entry) > 2 else None
    return scaled(entry[1], factor) if factor else None


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
    """Parse a magnification: `1.50 K X` is 1500."""
    words = text.split()
    value = number(words[0]) if words else None
    return value * 1000 if value and "K" in (word.upper() for word in words[1:]) else value
