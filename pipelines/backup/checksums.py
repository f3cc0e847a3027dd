"""The list of checksums of a backup: lines that `sha256sum -c` reads, whatever the files are called.

Names with a line break or a backslash are written as GNU coreutils write them: escaped, behind a backslash.
"""

from collections.abc import Mapping

_ENCODING = "utf-8", "surrogateescape"
"""Names of files need not be text."""
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_MARK = "\\"


def checksum_list(sums: Mapping[str, str]) -> bytes:
    """Write the checksums of files, by their names."""
    return "".join(map(_line, sums, sums.values())).encode(*_ENCODING)


def read_checksums(content: bytes) -> dict[str, str]:
    """Read what `checksum_list` gave; what is no such line becomes a name that no file has."""
    return dict(_read(line) for line in content.decode(*_ENCODING).split("\n") if line)


def _line(name: str, digest: str) -> str:
    escaped = "".join(_ESCAPES.get(character, character) for character in name)
    return f"{_MARK if escaped != name else ''}{digest}  {escaped}\n"


def _read(line: str) -> tuple[str, str]:
    digest, _, name = line.removeprefix(_MARK).partition("  ")
    return _plain(name) if line.startswith(_MARK) else name, digest


def _plain(name: str) -> str:
    characters = iter(name)
    found = {"n": "\n", "r": "\r"}
    return "".join(
        found.get(following := next(characters, ""), following) if one == _MARK else one for one in characters
    )
