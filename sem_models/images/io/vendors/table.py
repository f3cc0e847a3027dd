"""The table of vendors, most specific first. Adding one means one file and one line here."""

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
    """All facts of a page: the first vendor that knows one wins, the rest fill gaps."""
    found = [facts for vendor in VENDORS.values() if (facts := vendor(page)) is not None]
    processed = next((facts for facts in found if facts.history), None)
    if processed is not None:
        # A file beside it, or a tag that another program left, would tell of the image before that.
        return processed
    size = next((facts.pixel_size_nm for facts in found if facts.pixel_size_nm), None)
    metadata = {key: value for facts in reversed(found) for key, value in facts.metadata.items()}
    return Facts(size, metadata)
