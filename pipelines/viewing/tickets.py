"""Who may look at which image: a ticket for each image and session, whose token no one can guess or use for another."""

import secrets
import threading
import weakref
from collections.abc import Callable

from pipelines.people.person import Person
from pipelines.viewing.pyramid import Pyramid

Opening = Callable[[], Pyramid]


class Ticket:
    """Leave to look at one image, for as long as somebody holds it."""

    def __init__(self, token: str) -> None:
        self.token = token


class _Admitted:
    """An image that is opened when it is first looked at."""

    def __init__(self, opening: Opening, person: Person) -> None:
        self._opening, self.person_id = opening, person.id
        self._lock = threading.Lock()
        self._pyramid: Pyramid | None = None

    def open(self) -> Pyramid:
        with self._lock:
            if self._pyramid is None:
                self._pyramid = self._opening()
            return self._pyramid


class TicketOffice:
    """All tickets of this process. A session holds its own, and they end with it."""

    def __init__(self) -> None:
        self._admitted: dict[str, _Admitted] = {}

    def issue(self, opening: Opening, person: Person) -> Ticket:
        """Admit a person to an image; `opening` is called once, when it is first looked at."""
        token = secrets.token_urlsafe(24)
        ticket = Ticket(token)
        self._admitted[token] = _Admitted(opening, person)
        weakref.finalize(ticket, self._admitted.pop, token, None)
        return ticket

    def pyramid(self, token: str, person: Person) -> Pyramid:
        """Return the image of a token.

        Raises:
            LookupError: Nobody holds such a ticket, or somebody else does.
            UserError: The image cannot be opened.
        """
        admitted = self._admitted[token]
        if admitted.person_id != person.id:
            raise LookupError(token)
        return admitted.open()


OFFICE = TicketOffice()
