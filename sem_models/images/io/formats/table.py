"""The table of file formats. A new format is a module and a line in this table.

Formats with a signature are recognised by the first bytes of the file, because suffixes are often wrong; the others are
recognised by the suffix.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sem_models.images.io.formats import mrc, raster, rosetta, tiff
from sem_models.images.micrograph import Micrograph


@dataclass(frozen=True)
class Format:
    """How one format is recognised and read."""

    suffixes: tuple[str, ...]
    signatures: tuple[bytes, ...]
    read: Callable[[Path, int], Iterator[Micrograph]]
    """Read the pages of a file that have at most so many samples."""


FORMATS: dict[str, Format] = {
    "TIFF": Format((".tif", ".tiff"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), tiff.read),
    "PNG": Format((".png",), (b"\x89PNG\r\n\x1a\n",), raster.read),
    "JPEG": Format((".jpg", ".jpeg"), (b"\xff\xd8\xff",), raster.read),
    "BMP": Format((".bmp",), (b"BM",), raster.read),
    "MRC": Format((".mrc", ".mrcs", ".map"), (), mrc.read),
    "RosettaSciIO": Format((".dm3", ".dm4", ".emd", ".ser"), (), rosetta.read),
}


def readable_suffixes() -> frozenset[str]:
    """Return the suffixes, in lower case and with their dot, of the files that are read from a folder."""
    return frozenset(suffix for entry in FORMATS.values() for suffix in entry.suffixes)


def recognise(path: Path) -> Format | None:
    """Return the format of a file by its first bytes or else by its suffix; None if neither is known."""
    with path.open("rb") as file:
        head = file.read(16)
    for entry in FORMATS.values():
        if any(head.startswith(signature) for signature in entry.signatures):
            return entry
    return next((f for f in FORMATS.values() if not f.signatures and path.suffix.lower() in f.suffixes), None)
