"""Many files as one ZIP file, sent while it is read: neither memory nor disk holds it."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from sem_models.errors import UserError

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Archive:
    """What a ZIP file holds."""

    name: str
    """Of the file that is downloaded, with its ending."""
    files: Mapping[str, Path]
    """Files by their names in the archive, `FOLDER/NAME` for one in a folder."""
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Small files that are written for the archive, by name."""
    media_type: ClassVar = "application/zip"

    def check(self) -> None:
        """Raise a `UserError` if a file is no longer there."""
        lost = [name for name, path in self.files.items() if not path.is_file()]
        if lost:
            raise UserError(f"{', '.join(lost[:3])}: no longer on the disk. Apply the model again.")

    def pieces(self) -> Iterator[bytes]:
        """Yield the ZIP file in pieces of about 1 MiB; files are copied byte for byte and not compressed."""
        sink = _Sink()
        with zipfile.ZipFile(sink, "w") as packed:
            for name, text in self.texts.items():
                packed.writestr(name, text)
            for name, path in self.files.items():
                about = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
                # The header comes first and cannot be corrected later: it allows for files beyond 4 GiB.
                with path.open("rb") as source, packed.open(about, "w", force_zip64=True) as target:
                    while chunk := source.read(_CHUNK_BYTES):
                        target.write(chunk)
                        yield sink.taken()
        yield sink.taken()


def below(folder: Path, paths: Iterable[Path]) -> dict[str, Path]:
    """Name files by their places below a folder; those elsewhere by their names alone."""
    return {path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name: path for path in paths}


class _Sink:
    """A file that can only be written to, and whose content is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """See `io.IOBase`; nothing is held back."""

    def close(self) -> None:
        """See `io.IOBase`."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
