"""ThermoFisher and FEI: tags 34680 (SFEG) and 34682 (Helios), sections of key and value lines, SI units."""

from typing import Any

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, known, number, scaled

TAGS = (34682, 34680)


def facts(page: TiffPage) -> Facts | None:
    """Facts of one page; None where no FEI tag is present."""
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
    )
    return Facts(scaled(_pixel_width_m(table, beam), 1e9), metadata)


def _pixel_width_m(table: dict[str, Any], beam: dict[str, Any]) -> float | None:
    for section in ("Scan", "EScan", "IScan"):
        width = number(_get(table, section, "PixelWidth"))
        if width:
            return width
    field = number(beam.get("HFW"))
    columns = number(_get(table, "Image", "ResolutionX"))
    return field / columns if field and columns else None


def _beam(table: dict[str, Any]) -> dict[str, Any]:
    """The section of the beam in use: a dual-beam file holds one for electrons and one for ions."""
    name = str(_get(table, "Beam", "Beam") or "EBeam")
    section = table.get(name, {})
    return section if isinstance(section, dict) else {}


def _get(table: dict[str, Any], section: str, key: str) -> Any:
    part = table.get(section, {})
    return part.get(key) if isinstance(part, dict) else None
