"""Who may have which image or file: a ticket for each and each session, whose token nobody else can use."""

import secrets
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from pipelines.people.person import Person
from pipelines.viewing.downloads import Download
from pipelines.viewing.pyramid import Pyramid

T = TypeVar("T")
Opening = Callable[[], Pyramid]


class Ticket:
    """Leave to have one thing, for as long as somebody holds it."""

    def __init__(self, token: str) -> None:
        self.token = token


class _Admitted(Generic[T]):
    """What is opened when it is first asked for."""

    def __init__(self, opening: Callable[[], T], person: Person) -> None:
        self._opening, self.person_id = opening, person.id
        self._lock = threading.Lock()
        self._opened: T | None = None

    def open(self) -> T:
        with self._lock:
            if self._opened is None:
                self._opened = self._opening()
            return self._opened


class TicketOffice(Generic[T]):
    """All tickets of this process for one sort of things. A session holds its own, and they end with it."""

    def __init__(self) -> None:
        self._admitted: dict[str, _Admitted[T]] = {}

    def issue(self, opening: Callable[[], T], person: Person) -> Ticket:
        """Admit a person; `opening` is called once, when the thing is first asked for."""
        token = secrets.token_urlsafe(24)
        ticket = Ticket(token)
        self._admitted[token] = _Admitted(opening, person)
        weakref.finalize(ticket, self._admitted.pop, token, None)
        return ticket

    def opened(self, token: str, person: Person) -> T:
        """Return what a token leads to.

        Raises:
            LookupError: Nobody holds such a ticket, or somebody else does.
            UserError: It cannot be opened.
        """
        admitted = self._admitted[token]
        if admitted.person_id != person.id:
            raise LookupError(token)
        return admitted.open()


OFFICE = TicketOffice[Pyramid]()
"""Images, for the viewer."""
DOWNLOADS = TicketOffice[Download]()
"""Files to download."""
