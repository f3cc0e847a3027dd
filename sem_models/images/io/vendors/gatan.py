"""TIFF written by Gatan DigitalMicrograph: calibration in the private tags 65003 to 65013."""

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, aspect_of, number
from sem_models.images.units import to_nm

SCALES, UNITS = (65009, 65010), (65003, 65004)
"""Tags of the two axes."""
_IN_FULL = 9
"""From the tag of a unit to that of its full name."""


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if it is not calibrated in a unit of length."""
    width, height = _edge_nm(page, SCALES[0], UNITS[0]), _edge_nm(page, SCALES[1], UNITS[1])
    return Facts(width, pixel_aspect=aspect_of(width, height)) if width else None


def _edge_nm(page: TiffPage, scale_tag: int, unit_tag: int) -> float | None:
    scale = number(page.tags[scale_tag].value) if scale_tag in page.tags else None
    if scale is None:
        return None
    for tag in (unit_tag + _IN_FULL, unit_tag):
        try:
            return to_nm(scale, str(page.tags[tag].value))
        except (KeyError, ValueError):
            continue
    return None
