"""Plain TIFF resolution tags, used only if they cannot be the resolution of a printer or screen."""

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, aspect_of, number

_NM_PER_RESOLUTION_UNIT = {2: 2.54e7, 3: 1e7}
LARGEST_BELIEVED_NM = 5000.0
"""Screens, scanners and printers have 72 to 4800 dots per inch, which are pixels of 5 to 350 um."""


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if the tags are absent or are a printing resolution."""
    if 282 not in page.tags or 296 not in page.tags:
        return None
    across, down = per_unit(page, 282), per_unit(page, 283)
    unit_nm = _NM_PER_RESOLUTION_UNIT.get(int(page.tags[296].value))
    if across is None or unit_nm is None:
        return None
    size = unit_nm / across
    return Facts(size, pixel_aspect=aspect_of(down, across)) if size < LARGEST_BELIEVED_NM else None


def per_unit(page: TiffPage, tag: int) -> float | None:
    """Return the pixels per unit that a resolution tag states; None if it is absent or has no value."""
    if tag not in page.tags:
        return None
    numerator, denominator = page.tags[tag].value
    return number(numerator / denominator) if denominator else None
