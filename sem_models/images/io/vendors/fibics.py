"""Zeiss Atlas (Fibics): XML in tag 51023, pixel pitch in micrometres."""

import math
from xml.etree import ElementTree

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, aspect_of, degrees, known, moment, number, scaled

TAG = 51023


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if the tag is absent or damaged."""
    text = str(page.tags[TAG].value) if TAG in page.tags else ""
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text[text.index("<Fibics") :])  # noqa: S314  (entities are refused above)
    except (ElementTree.ParseError, ValueError):
        return None
    metadata = known(
        instrument=root.findtext("Image/Machine") or "",
        detector=root.findtext("Image/Detector") or "",
        beam={"SEM": "electron", "FIB": "ion"}.get(root.findtext("Image/Beam") or "", ""),
        dwell_time_us=_in_unit(root.find("Scan/Dwell"), "ns", 1e-3),
        stage_tilt_deg=degrees(root.findtext("Stage/Tilt")),
        scan_rotation_deg=degrees(root.findtext("Scan/ScanRot")),
        acquired=moment(root.findtext("Application/Date") or ""),
    )
    across, down = _pitch(root, "U"), _pitch(root, "V")
    return Facts(scaled(across, 1e3) or _from_field(root), metadata, pixel_aspect=aspect_of(across, down))


def _from_field(root: ElementTree.Element) -> float | None:
    """Return the pixel size in nm by the width of the field, for scans that do not state their pitch."""
    field, columns = _in_unit(root.find("Scan/FOV_X"), "um", 1e3), number(root.findtext("Image/Width"))
    return scaled(field, 1 / columns) if columns else None


def _pitch(root: ElementTree.Element, axis: str) -> float | None:
    """Return the distance of two pixels along a row (U) or a column (V), which a rotated scan has in x and y."""
    x, y = (degrees(root.findtext(f"Scan/{axis}{name}")) for name in "xy")
    return None if x is None or y is None else number(math.hypot(x, y))


def _in_unit(element: ElementTree.Element | None, unit: str, factor: float) -> float | None:
    """Return the value times `factor`; None if it is stated in another unit."""
    return scaled(element.text, factor) if element is not None and element.get("units") == unit else None
