"""TIFF written by Gatan DigitalMicrograph: calibration in the private tags 65003 to 65013."""

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, number
from sem_models.images.units import to_nm

SCALES, UNITS = (65009, 65010), (65003, 65004)
"""Tags of the two axes."""
SCALE, UNIT, UNIT_IN_FULL = SCALES[0], UNITS[0], 65012


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if it is not calibrated in a unit of length."""
    scale = number(page.tags[SCALE].value) if SCALE in page.tags else None
    if scale is None:
        return None
    for tag in (UNIT_IN_FULL, UNIT):
        try:
            return Facts(to_nm(scale, str(page.tags[tag].value)))
        except (KeyError, ValueError):
            continue
    return None
