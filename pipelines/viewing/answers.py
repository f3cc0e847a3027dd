"""How the server answers whoever asks: what they may have, or one line with the reason."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pipelines.people.claims import NotAdmitted, NotSignedIn
from pipelines.people.person import Person
from sem_models.errors import UserError

_UNKNOWN = "This is not open. Load the page again."
Who = Callable[[Request], Person]
"""Tells who sends a request."""


def answered(answer: Callable[[Request, Person], Response], who: Who) -> Callable[[Request], Response]:
    """Answer for whoever asks; Starlette runs what is not a coroutine in a thread."""

    def endpoint(request: Request) -> Response:
        try:
            return answer(request, who(request))
        except (NotSignedIn, NotAdmitted) as error:
            return PlainTextResponse(str(error), 401)
        except LookupError:
            return PlainTextResponse(_UNKNOWN, 404)
        except UserError as error:
            return PlainTextResponse(str(error), 422)
        except ValueError as error:
            return PlainTextResponse(f"The request makes no sense: {error}", 400)

    return endpoint
