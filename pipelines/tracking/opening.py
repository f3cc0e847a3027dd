"""Opening the tracking store ahead: MLflow takes seconds to import, and the tables of a new store to be made."""

import contextlib
import threading

_LONGEST_WAIT_S = 3.0
_may_begin = threading.Event()
_threads: list[threading.Thread] = []


def open_ahead() -> None:
    """Open the store in the background: once `go_on` is called, or after three seconds. A second call does nothing."""
    if not _threads:
        _threads.append(threading.Thread(target=_open, daemon=True, name="opening the store"))
        _threads[0].start()


def go_on() -> None:
    """Nothing else needs the interpreter now, such as the first page of a new server."""
    _may_begin.set()


def is_opening() -> bool:
    """Whether who needs the store now would have to wait for it."""
    return any(thread.is_alive() for thread in _threads)


def _open() -> None:
    _may_begin.wait(_LONGEST_WAIT_S)
    # Whoever uses the store next meets the same error, and has somebody to show it to.
    with contextlib.suppress(Exception):
        from pipelines.tracking.store import client

        client()
