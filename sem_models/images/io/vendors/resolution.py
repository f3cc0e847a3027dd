"""Plain TIFF resolution tags, used only if they cannot be the resolution of a printer or screen."""

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, number

_NM_PER_RESOLUTION_UNIT = {2: 2.54e7, 3: 1e7}
LARGEST_BELIEVED_NM = 5000.0
"""Screens, scanners and printers have 72 to 4800 dots per inch, which are pixels of 5 to 350 um."""


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if the tags are absent or are a printing resolution."""
    if 282 not in page.tags or 296 not in page.tags:
        return None
    numerator, denominator = page.tags[282].value
    per_unit = number(numerator / denominator) if denominator else None
    unit_nm = _NM_PER_RESOLUTION_UNIT.get(int(page.tags[296].value))
    if per_unit is None or unit_nm is None:
        return None
    size = unit_nm / per_unit
    return Facts(size) if size < LARGEST_BELIEVED_NM else None
