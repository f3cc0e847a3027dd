"""Restore micrographs with a model that `sem-workbench serve` (or `mlflow models serve`) serves, from any program.

This one file is the whole client: copy it. It needs Python 3.10 or newer; files need nothing else, arrays NumPy and
tifffile. The workbench need not be installed.

    client = Client("http://localhost:5001")
    client.restore_file("micrograph.tif", "restored.tif")
    restored = client.restore(array, pixel_size_nm=2.5)

    python sem_client.py http://localhost:5001 micrograph.tif restored.tif --self-ensemble
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

TOKEN = "SEM_SERVE_TOKEN"  # noqa: S105  (its name)
_NM_PER_CM = 1e7
_RESOLUTION_UNIT = {2: 2.54e7, 3: _NM_PER_CM}
"""nm per unit, by the number of the unit in a TIFF file."""


class ServerError(Exception):
    """The server refused a request, or cannot be reached; the message says why."""


class Restored(NamedTuple):
    """What a server made of an image."""

    image: bytes
    """The content of a TIFF file."""
    standard_deviation: bytes | None
    """The content of a float32 TIFF file, if it was asked for."""


class Client:
    """A server with one model."""

    def __init__(self, address: str, token: str = "", timeout_s: float = 120) -> None:
        """Name a server.

        Args:
            address: Such as `http://localhost:5001`.
            token: Its secret; by default that in the environment variable SEM_SERVE_TOKEN.
            timeout_s: How long to wait for an answer.
        """
        if not address.startswith(("http://", "https://")):
            raise ServerError(f"{address!r} is no address of a server; write http://HOST:PORT.")
        self._address = address.rstrip("/")
        self._token = token or os.environ.get(TOKEN, "")
        self._timeout_s = timeout_s

    def is_there(self) -> bool:
        """Return whether the server answers and has its model."""
        try:
            with urllib.request.urlopen(f"{self._address}/ping", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def restore_content(self, content: bytes, **parameters: Any) -> Restored:
        """Restore the image in the content of a TIFF or PNG file.

        Args:
            content: The file, which may state pixel size and acquisition facts: the answer has them too.
            parameters: `tile_px`, `databar` ("keep" or "cut"), `self_ensemble`, `standard_deviation`, `strength_px`.

        Raises:
            ServerError: Says in one line what is wrong.
        """
        row = self._ask(base64.b64encode(content).decode("ascii"), parameters)
        deviation = row.get("standard_deviation")
        return Restored(base64.b64decode(row["image"]), base64.b64decode(deviation) if deviation else None)

    def restore_file(self, path: str | Path, out: str | Path, **parameters: Any) -> Restored:
        """Restore the image in a file, and write the answer; parameters as for `restore_content`."""
        made = self.restore_content(Path(path).read_bytes(), **parameters)
        Path(out).write_bytes(made.image)
        return made

    def restore(self, image: np.ndarray, pixel_size_nm: float | None = None, **parameters: Any) -> np.ndarray:
        """Restore an array (H, W) of uint8, uint16 or float32; returns one of the same type."""
        return decoded(self.restore_content(encoded(image, pixel_size_nm), **parameters).image)[0]

    def _ask(self, image: str, parameters: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"inputs": [image], "params": parameters}).encode()
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self._address}/invocations", body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                row: dict[str, Any] = json.load(answer)["predictions"][0]
                return row
        except urllib.error.HTTPError as error:
            raise ServerError(f"{self._address} ({error.code}): {_reason(error)}") from error
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise ServerError(f"{self._address} gave no answer: {error}") from error


def encoded(image: np.ndarray, pixel_size_nm: float | None = None) -> bytes:
    """Return the content of a TIFF file with an array (H, W)."""
    import tifffile

    tags: dict[str, Any] = {}
    if pixel_size_nm:
        per_cm = _NM_PER_CM / pixel_size_nm
        tags = {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, image, photometric="minisblack", metadata=None, **tags)
    return buffer.getvalue()


def decoded(content: bytes) -> tuple[np.ndarray, float | None]:
    """Return the array in a TIFF file, and its pixel size in nm if it states one."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        page = tiff.pages.first
        unit = _RESOLUTION_UNIT.get(int(page.tags["ResolutionUnit"].value)) if "ResolutionUnit" in page.tags else None
        if unit is None or "XResolution" not in page.tags:
            return page.asarray(), None
        count, per = page.tags["XResolution"].value
        return page.asarray(), unit * per / count if count else None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)


def main(arguments: list[str] | None = None) -> int:
    """Restore one file; return the exit status."""
    parser = argparse.ArgumentParser(description="Restore a micrograph with a served model.")
    parser.add_argument("address", help="http://HOST:PORT; the token is taken from SEM_SERVE_TOKEN")
    parser.add_argument("image", help="TIFF or PNG file")
    parser.add_argument("out", help="TIFF file to write")
    parser.add_argument("--deviation", help="TIFF file for the standard deviation of the self-ensemble")
    parser.add_argument("--self-ensemble", action="store_true")
    parser.add_argument("--databar", choices=("keep", "cut"), default="keep")
    parser.add_argument("--strength", type=float, help="blur to undo, sigma in px, for models that can be told")
    given = parser.parse_args(arguments)
    parameters: dict[str, Any] = {"databar": given.databar}
    if given.self_ensemble or given.deviation:
        parameters["self_ensemble"] = True
    if given.deviation:
        parameters["standard_deviation"] = True
    if given.strength is not None:
        parameters["strength_px"] = given.strength
    try:
        made = Client(given.address).restore_file(given.image, given.out, **parameters)
        if given.deviation and made.standard_deviation:
            Path(given.deviation).write_bytes(made.standard_deviation)
    except (ServerError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
