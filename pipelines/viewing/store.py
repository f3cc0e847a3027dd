"""Pyramids on disk below `SEM_HOME`: computed once, mapped into memory, the longest unused removed first."""

import json
import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np

from pipelines.home import home
from pipelines.viewing.codes import GreyCode
from pipelines.viewing.pyramid import ImageFacts, Pyramid

_MOST_BYTES = 8 << 30
_ABANDONED_S = 3600
"""Nothing is stored for so long: what is still incomplete then was left by a server that was killed."""
_ABOUT = "about.json"
_log = logging.getLogger(__name__)


class PyramidStore:
    """Pyramids by key; a key names everything that the pixels depend on."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._open: WeakValueDictionary[str, Pyramid] = WeakValueDictionary()
        self._locks: dict[str, threading.Lock] = {}
        self._saving: list[threading.Thread] = []

    def get(self, key: str, build: Callable[[], Pyramid]) -> Pyramid:
        """Return the pyramid of a key: the open one, the stored one, or a new one, which a thread then stores.

        Args:
            key: Letters and digits; the name of the folder.
            build: Computes the pyramid in memory.
        """
        with self._locks.setdefault(key, threading.Lock()):
            found = self._open.get(key) or self._stored(key)
            if found is None:
                found = build()
                thread = threading.Thread(target=self._save, args=(key, found), daemon=True)
                self._saving = [one for one in self._saving if one.is_alive()] + [thread]
                thread.start()
            self._open[key] = found
            return found

    def settle(self) -> None:
        """Wait until everything is stored."""
        for thread in self._saving:
            thread.join()

    def _stored(self, key: str) -> Pyramid | None:
        place = self._folder / key
        try:
            about = json.loads((place / _ABOUT).read_text())
            levels = tuple(np.load(place / f"{k}.npy", mmap_mode="r") for k in range(about["levels"]))
            os.utime(place / _ABOUT)
        except (OSError, ValueError, KeyError, EOFError):
            return None
        return Pyramid(levels, GreyCode(**about["code"]), ImageFacts(**about["facts"]))

    def _save(self, key: str, pyramid: Pyramid) -> None:
        """Store a pyramid, and let it read from the files from then on; where that fails it stays in memory."""
        partial = self._folder / f".{key}-{uuid.uuid4().hex}"
        try:
            partial.mkdir(parents=True)
            for k, codes in enumerate(pyramid.levels):
                np.save(partial / f"{k}.npy", codes)
            about = {"levels": len(pyramid.levels), "code": asdict(pyramid.code), "facts": asdict(pyramid.facts)}
            (partial / _ABOUT).write_text(json.dumps(about))
            shutil.rmtree(self._folder / key, ignore_errors=True)
            partial.rename(self._folder / key)
            stored = self._stored(key)
            if stored:
                pyramid.levels = stored.levels
            self._trim(key)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            _log.warning("An image stays in memory, because its pyramid cannot be stored in %s: %s", partial, error)

    def _trim(self, newest: str) -> None:
        """Remove the longest unused pyramids beyond the limit; those that are open stay readable until closed."""
        for place in self._folder.glob(".*"):
            if time.time() - place.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(place, ignore_errors=True)
        used = {place: _bytes(place) for place in self._folder.iterdir() if (place / _ABOUT).is_file()}
        excess = sum(used.values()) - self._most_bytes
        for place in sorted(used, key=lambda one: (one / _ABOUT).stat().st_mtime_ns):
            if excess <= 0:
                return
            if place.name != newest:
                shutil.rmtree(place, ignore_errors=True)
                excess -= used[place]


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


_stores: dict[Path, PyramidStore] = {}
_stores_lock = threading.Lock()


def pyramid_store() -> PyramidStore:
    """Return the store of this process's home."""
    folder = home().pyramids
    with _stores_lock:
        return _stores.setdefault(folder, PyramidStore(folder))
