"""The table of vendors, most specific first. A new vendor is a module and a line in this table."""

from collections.abc import Callable

from tifffile import TiffPage

from sem_models.images.io.vendors import fei, fibics, gatan, imagej, jeol, olympus, ome, resolution, zeiss
from sem_models.images.io.vendors.facts import Facts

VENDORS: dict[str, Callable[[TiffPage], Facts | None]] = {
    "Zeiss": zeiss.facts,
    "Zeiss Atlas": fibics.facts,
    "ThermoFisher/FEI": fei.facts,
    "JEOL": jeol.facts,
    "Olympus": olympus.facts,
    "Gatan": gatan.facts,
    "OME": ome.facts,
    "ImageJ": imagej.facts,
    "TIFF resolution": resolution.facts,
}


def read_facts(page: TiffPage) -> Facts:
    """Return all facts of a page. Where several vendors state a fact, the first in the table takes precedence."""
    found = [facts for vendor in VENDORS.values() if (facts := vendor(page)) is not None]
    processed = next((facts for facts in found if facts.history), None)
    if processed is not None:
        # A file beside it, or a tag left by another program, would describe the image before it was processed.
        return processed
    scale = next((facts for facts in found if facts.pixel_size_nm), Facts())
    metadata = {key: value for facts in reversed(found) for key, value in facts.metadata.items()}
    return Facts(scale.pixel_size_nm, metadata, pixel_aspect=scale.pixel_aspect)
