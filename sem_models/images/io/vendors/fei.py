"""ThermoFisher and FEI: tags 34680 (SFEG) and 34682 (Helios), sections of key and value lines, SI units."""

import math
from typing import Any

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, aspect_of, degrees, known, moment, number, scaled

TAGS = (34682, 34680)
_BEAMS = {"EBeam": "electron", "IBeam": "ion"}
_DATES = ("%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S")
_DEGREES = 180 / math.pi


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if there is no FEI tag."""
    table = next((page.tags[tag].value for tag in TAGS if tag in page.tags), None)
    if not isinstance(table, dict):
        return None
    beam = _beam(table)
    rows = number(_get(table, "Image", "ResolutionY"))
    metadata = known(
        instrument=str(_get(table, "System", "SystemType") or _get(table, "System", "Type") or ""),
        detector=str(_get(table, "Detectors", "Name") or ""),
        voltage_kv=scaled(_get(table, "Beam", "HV") or beam.get("HV"), 1e-3),
        working_distance_mm=scaled(beam.get("WD") or _get(table, "Stage", "WorkingDistance"), 1e3),
        image_rows=int(rows) if rows else None,
        beam=_BEAMS.get(_beam_name(table), ""),
        beam_current_pa=scaled(beam.get("BeamCurrent"), 1e12),
        dwell_time_us=scaled(_get(table, "Scan", "Dwelltime"), 1e6),
        line_time_ms=scaled(_get(table, _get(table, "Beam", "Scan") or "EScan", "LineTime"), 1e3),
        frame_time_s=number(_get(table, "Scan", "FrameTime")),
        stage_tilt_deg=degrees(_get(table, "Stage", "StageT"), _DEGREES),
        scan_rotation_deg=degrees(_get(table, "Beam", "ScanRotation"), _DEGREES),
        acquired=moment(f"{_get(table, 'User', 'Date')} {_get(table, 'User', 'Time')}", *_DATES),
    )
    width = _pixel_edge_m(table, beam, "PixelWidth", "HFW", "ResolutionX")
    height = _pixel_edge_m(table, beam, "PixelHeight", "VFW", "ResolutionY")
    return Facts(scaled(width, 1e9), metadata, pixel_aspect=aspect_of(width, height))


def _pixel_edge_m(table: dict[str, Any], beam: dict[str, Any], edge: str, field: str, pixels: str) -> float | None:
    """Return the stated width or height of a pixel, or else the width or height of the field over its pixels."""
    for section in ("Scan", "EScan", "IScan"):
        stated = number(_get(table, section, edge))
        if stated:
            return stated
    whole, count = number(beam.get(field)), number(_get(table, "Image", pixels))
    return whole / count if whole and count else None


def _beam(table: dict[str, Any]) -> dict[str, Any]:
    """Return the section of the beam in use; a dual-beam file has one for electrons and one for ions."""
    section = table.get(_beam_name(table), {})
    return section if isinstance(section, dict) else {}


def _beam_name(table: dict[str, Any]) -> str:
    return str(_get(table, "Beam", "Beam") or "EBeam")


def _get(table: dict[str, Any], section: str, key: str) -> Any:
    part = table.get(section, {})
    return part.get(key) if isinstance(part, dict) else None
