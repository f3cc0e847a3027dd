"""OME-XML in the description: PhysicalSizeX with its unit, micrometres where none is stated (OME 2016-06)."""

from xml.etree import ElementTree

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, known, number
from sem_models.images.units import to_nm


def facts(page: TiffPage) -> Facts | None:
    """Facts of the first image of an OME-TIFF; None where the description is not OME-XML."""
    texts = [str(tag.value) for tag in page.parent.pages.first.tags.values() if tag.code == 270]
    text = next((text for text in texts if "<OME" in text[:1000]), "")
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are refused above)
    except ElementTree.ParseError:
        return None
    pixels = root.find(".//{*}Pixels")
    if pixels is None:
        return None
    image = root.find(".//{*}Image/{*}Description")
    provenance = (image.text or "") if image is not None else ""
    return Facts(_physical_size_nm(pixels), known(provenance=provenance))


def _physical_size_nm(pixels: ElementTree.Element) -> float | None:
    size = number(pixels.get("PhysicalSizeX"))
    try:
        return to_nm(size, pixels.get("PhysicalSizeXUnit", "um")) if size else None
    except ValueError:
        return None
