"""How long work tells its caller how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called after each unit of work; raises `sem_models.errors.Cancelled` to stop it."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """`done` of `total` units of `what` (for example "images") are finished."""


def silent(done: int, total: int, what: str) -> None:
    """Ignore progress: the default where nobody watches."""


def part_of(progress: Progress, index: int, count: int) -> Progress:
    """Progress of part `index` of `count` equal ones, told as that of the whole."""

    def tell(done: int, total: int, what: str) -> None:
        progress(index * total + done, count * total, what)

    return tell
