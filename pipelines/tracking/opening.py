"""Opening the tracking store ahead: importing MLflow and making the tables of a new store take seconds."""

import contextlib
import threading
from collections.abc import Callable

_LONGEST_WAIT_S = 3.0
_may_begin = threading.Event()
_threads: list[threading.Thread] = []


def open_ahead(before: Callable[[], None] = lambda: None) -> None:
    """Open the store in the background: once `go_on` is called, or after three seconds. A second call does nothing.

    Args:
        before: What is more urgent and runs first, in the same thread: two that import at once make both wait.
    """
    if not _threads:
        _threads.append(threading.Thread(target=_open, args=(before,), daemon=True, name="opening the store"))
        _threads[0].start()


def go_on() -> None:
    """Let the opening begin, now that nothing else needs the interpreter, such as the first page of a new server."""
    _may_begin.set()


def is_opening() -> bool:
    """Tell whether a use of the store would have to wait for it."""
    return any(thread.is_alive() for thread in _threads)


def wait_until_open() -> None:
    """Wait until the opening has ended; returns at once where none was begun."""
    for thread in _threads:
        thread.join()


def _open(before: Callable[[], None]) -> None:
    _may_begin.wait(_LONGEST_WAIT_S)
    # The next use of the store, or of what is done before, raises the same error where it can be shown.
    with contextlib.suppress(Exception):
        before()
        from pipelines.tracking.store import client

        client()
