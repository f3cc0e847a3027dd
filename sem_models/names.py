"""Names that users give: which ones may be given to something new, and which stay inside the folder they belong to.

What is new gets a name that is a folder on every system, reads as what it is, and means nothing in a query, an address
or a page: Unicode NFKC (UAX #15) of letters, digits and a few signs, and no device name of Windows. What already
exists may have any name that does not lead out of its folder.

All functions raise a `ValueError` with the reason, in words that follow the name.
"""

import os
import re
import unicodedata

LONGEST_BYTES = 120
"""Of a new name in UTF-8: files and folders have longer names that contain it, and 255 bytes is the usual limit."""
_LONGEST_FOLDER_BYTES = 255
_SIGNS = " -_.,+=()"
_SIGNS_OF_TITLES = _SIGNS + ":;?!'\"/&%°"
_PORTS = (f"{port}{number}" for port in ("com", "lpt") for number in range(10))
_DEVICES = frozenset({"con", "prn", "aux", "nul", *_PORTS})
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,120}")
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
"""What MLflow calls a run."""
_RESERVED_ALIAS = re.compile(r"latest|v\d+", re.IGNORECASE)


def new_name(text: str) -> str:
    """Return the name, in NFKC, of a new dataset, experiment or registered model, which becomes the name of a folder.

    NFKC makes one name of what looks alike: the micro sign and the Greek letter, composed and decomposed accents.
    """
    name = _written(text, _SIGNS, "cannot be a folder name")
    if not name[0].isalnum():
        raise ValueError("cannot be a folder name: it must begin with a letter or a digit")
    if name[-1] in " .":
        raise ValueError("cannot be a folder name: it must not end with a space or a dot")
    if name.partition(".")[0].rstrip().casefold() in _DEVICES:
        raise ValueError("cannot be a folder name: Windows reserves it for a device")
    return name


def new_title(text: str) -> str:
    """Return the name, in NFKC, of something that has no folder, such as a study; it may contain punctuation."""
    title = _written(text.strip(), _SIGNS_OF_TITLES, "cannot be a name")
    if _ID.fullmatch(title):
        raise ValueError("cannot be a name: it would be taken for the id of a run; choose another one")
    return title


def new_alias(text: str) -> str:
    """Return an alias of a registered model as it is; an empty one stands for none."""
    if text and not _ALIAS.fullmatch(text):
        raise ValueError("cannot be an alias: use letters without accents, digits, - and _")
    if _RESERVED_ALIAS.fullmatch(text):
        raise ValueError("cannot be an alias: it would be taken for a version")
    return text


def one_folder(text: str) -> str:
    """Return the name of something that may exist if it names one folder, and so cannot lead out of its parent."""
    if "/" in text:
        raise ValueError("is not the name of a folder: it contains '/'")
    return inner_path(text)


def inner_path(text: str) -> str:
    """Return a relative path that cannot lead out of its folder; experiments of earlier versions may contain '/'."""
    if not text.strip():
        raise ValueError("is empty; give a name")
    parts = text.split("/")
    if "\0" in text or any(part in ("", ".", "..") for part in parts):
        raise ValueError("would lead out of its folder; give a name")
    if max(len(os.fsencode(part)) for part in parts) > _LONGEST_FOLDER_BYTES:
        raise ValueError(f"is longer than any folder name, {_LONGEST_FOLDER_BYTES} bytes")
    return text


def shown(text: str) -> str:
    """Return a name for a message: bare, or quoted where it would not be seen as it is."""
    return text if quoted(text) == f"'{text}'" and text.strip() == text != "" else quoted(text)


def quoted(text: str) -> str:
    """Return a name in quotes, with escapes for what cannot be seen, and cut off after 60 characters."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _written(text: str, signs: str, refusal: str) -> str:
    """Return the text in NFKC, if it is not empty, not too long, and of letters, digits and `signs` alone."""
    name = unicodedata.normalize("NFKC", text)
    if not name.strip():
        raise ValueError("is empty; give a name")
    bad = next((character for character in name if not _is_text(character) and character not in signs), None)
    if bad is not None:
        what = repr(bad) if bad.isprintable() else f"U+{ord(bad):04X} ({unicodedata.name(bad, 'control character')})"
        raise ValueError(f"{refusal}: it contains {what}; use letters, digits, spaces and {' '.join(signs.strip())}")
    if len(name.encode()) > LONGEST_BYTES:
        raise ValueError(
            f"{refusal}: it is too long; {LONGEST_BYTES} characters are allowed, fewer with accents or other scripts"
        )
    return name


def _is_text(character: str) -> bool:
    """Tell whether a character is a letter, the accent or vowel sign of one, or a digit."""
    return unicodedata.category(character)[0] in "LM" or character.isdecimal()
