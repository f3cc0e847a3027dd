"""Reading ahead and writing behind while a network computes, in order and with bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from sem_models.inference.tiling.tiles import OutOfMemory

_T = TypeVar("_T")
_UNWRITTEN = 2
"""Results that may wait for the writer; who makes more of them waits."""


class Overlap:
    """One thread that reads the next item, and one that writes results in the order in which they were given.

    An error of either is raised in the thread that computes, at its next call. If the block ends by an error, what is
    not written yet is dropped, except where memory ran out: then the computing goes on with smaller tiles.
    """

    def __enter__(self) -> Self:
        """Begin; the threads start when they are needed."""
        self._reader = ThreadPoolExecutor(1, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")
        self._unwritten: deque[Future[Any]] = deque()
        return self

    def ahead(self, reads: Iterable[Callable[[], _T]]) -> Iterator[_T]:
        """Yield what the calls return, in their order; while one result is in use, the next is being read."""
        waiting: deque[Future[_T]] = deque()
        for read in reads:
            waiting.append(self._reader.submit(read))
            if len(waiting) > 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def behind(self, write: Callable[[], object]) -> None:
        """Have a result written; waits while others are unwritten, and raises the error of an earlier one."""
        while self._unwritten and (len(self._unwritten) >= _UNWRITTEN or self._unwritten[0].done()):
            self._unwritten.popleft().result()
        self._unwritten.append(self._writer.submit(write))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until everything is written, or drop it."""
        try:
            if kind is None or issubclass(kind, OutOfMemory):
                while self._unwritten:
                    self._unwritten.popleft().result()
        finally:
            for threads in (self._reader, self._writer):
                threads.shutdown(cancel_futures=True)
