"""Zeiss Atlas (Fibics): XML in tag 51023, pixel pitch in micrometres."""

from xml.etree import ElementTree

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, known, scaled

TAG = 51023


def facts(page: TiffPage) -> Facts | None:
    """Facts of one page; None where the tag is absent or damaged."""
    text = str(page.tags[TAG].value) if TAG in page.tags else ""
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text[text.index("<Fibics") :])  # noqa: S314  (entities are refused above)
    except (ElementTree.ParseError, ValueError):
        return None
    metadata = known(instrument=root.findtext("Image/Machine") or "", detector=root.findtext("Image/Detector") or "")
    return Facts(scaled(root.findtext("Scan/Ux"), 1e3), metadata)
