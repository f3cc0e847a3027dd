"""Olympus Soft Imaging Solutions: tag 33560, pixel size in metres."""

from tifffile import TiffPage

from sem_models.images.io.vendors.facts import Facts, known, number, scaled

TAG = 33560


def facts(page: TiffPage) -> Facts | None:
    """Facts of one page; None where the tag is absent."""
    if TAG not in page.tags or not isinstance(page.tags[TAG].value, dict):
        return None
    table = page.tags[TAG].value
    model = page.tags[272].value if 272 in page.tags else ""
    metadata = known(
        instrument=str(table.get("cameraname") or model),
        magnification=number(table.get("magnification")),
    )
    return Facts(scaled(table.get("pixelsizex"), 1e9), metadata)
