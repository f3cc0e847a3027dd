"""Progress reports from long-running work to its caller."""

from typing import Protocol


class Progress(Protocol):
    """A callback invoked after each unit of work. It raises `sem_models.errors.Cancelled` to stop the work."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Report that `done` of `total` units of `what` (for example "images") are finished."""


def silent(done: int, total: int, what: str) -> None:
    """Ignore progress. This is the default callback."""


def part_of(progress: Progress, index: int, count: int) -> Progress:
    """Return a callback that reports the progress of part `index` of `count` equal parts as progress of the whole."""

    def report(done: int, total: int, what: str) -> None:
        progress(index * total + done, count * total, what)

    return report
