"""ImageJ: pixels per unit in the resolution tag, the unit in the description.

In stacks written by tifffile only the first page has a description.
"""

import re

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, aspect_of
from sem_models.images.io.vendors.resolution import per_unit
from sem_models.images.units import to_nm


def facts(page: TiffPage) -> Facts | None:
    """Return the facts of one page; None if there is no ImageJ description with a unit."""
    places = [page, page.parent.pages.first] if page.parent.is_imagej else [page]
    texts = [str(tag.value) for place in places for tag in place.tags.values() if tag.code == 270]
    text = next((text for text in texts if text.startswith("ImageJ=")), "")
    unit = re.search(r"^unit=(.+)$", text, re.MULTILINE)
    scaled = next((place for place in places if 282 in place.tags), None)
    if not unit or scaled is None:
        return None
    across, down = per_unit(scaled, 282), per_unit(scaled, 283)
    try:
        return Facts(to_nm(1 / across, unit[1]), pixel_aspect=aspect_of(down, across)) if across else None
    except ValueError:
        return None
