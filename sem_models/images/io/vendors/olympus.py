"""Olympus Soft Imaging Solutions: tag 33560, pixel size in metres."""

from datetime import datetime
from typing import Any

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, aspect_of, known, number, scaled

TAG = 33560
_EXIF = 34665


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if the tag is absent."""
    if TAG not in page.tags or not isinstance(page.tags[TAG].value, dict):
        return None
    table = page.tags[TAG].value
    model = page.tags[272].value if 272 in page.tags else ""
    metadata = known(
        instrument=str(table.get("cameraname") or model),
        magnification=number(table.get("magnification")),
        manufacturer=str(page.tags[271].value) if 271 in page.tags else "",
        exposure_s=_exposure_s(page),
        acquired=_acquired(table.get("datetime")),
    )
    width, height = (number(table.get(f"pixelsize{axis}")) for axis in "xy")
    return Facts(scaled(width, 1e9), metadata, pixel_aspect=aspect_of(width, height))


def _exposure_s(page: TiffPage) -> float | None:
    exif = page.tags[_EXIF].value if _EXIF in page.tags else {}
    ratio = exif.get("ExposureTime") if isinstance(exif, dict) else None
    return scaled(ratio[0] / ratio[1], 1) if isinstance(ratio, tuple) and len(ratio) == 2 and ratio[1] else None


def _acquired(value: Any) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else ""
