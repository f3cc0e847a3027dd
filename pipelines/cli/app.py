"""The root command and what all commands share: requests, JSON results, errors as one line, exit statuses."""

import inspect
import json
import sys
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from pipelines.cli.options import CommandLineWords, given, with_options
from pipelines.faults import keep_trace
from pipelines.home import writable_home
from pipelines.progress import TerminalProgress
from pipelines.request import Request
from pipelines.tracking.address import without_secrets
from sem_models.errors import Cancelled, Message, UserError
from sem_models.version import __version__

OK, OURS, USERS, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: done; a bug in the workbench; wrong input by the user; interrupted with the state saved."""

Body = TypeVar("Body", bound=Callable[..., int | None])
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")]
WORDS = CommandLineWords()
app = typer.Typer(no_args_is_help=True, add_completion=False)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """SEM Workbench on the command line."""


class Output:
    """Where a command writes its progress and its result."""

    def __init__(self, as_json: bool) -> None:
        """Write text for people, or one JSON object."""
        self._as_json = as_json
        self.progress = TerminalProgress()

    def text(self, line: str | Message) -> None:
        """Write a line for people: to standard output, or to standard error if JSON was asked for."""
        self.progress.close()
        typer.echo(said(line), err=self._as_json)

    def result(self, content: dict[str, Any]) -> None:
        """Write the result as the last line, if JSON was asked for."""
        self.progress.close()
        if self._as_json:
            typer.echo(json.dumps(content, default=said))


def said(thing: object) -> str:
    """Write a message in the words of the command line, and anything else as text."""
    return thing.render(WORDS) if isinstance(thing, Message) else str(thing)


def command(
    request: type[Request] | None = None,
    *arguments: str,
    name: str | None = None,
    to: typer.Typer = app,
    stores: bool = False,
) -> Callable[[Body], Body]:
    """Make a command from a function `body(request, out)`, which is returned unchanged.

    The fields of the request become options (those in `arguments` positional arguments), besides `--json` and other
    parameters of the body. Exceptions become one line and an exit status. A command that `stores` its result in the
    home folder is refused at once where that cannot be written, not after it has read all files.
    """

    def add(body: Body) -> Body:
        def run(**values: Any) -> None:
            raise typer.Exit(exit_status(lambda: _call(body, request, values, stores)))

        signature = with_options(body, request, arguments)
        as_json = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson)
        signature = signature.replace(parameters=[*signature.parameters.values(), as_json])
        run.__signature__ = signature  # type: ignore[attr-defined]
        run.__annotations__ = {key: parameter.annotation for key, parameter in signature.parameters.items()}
        run.__doc__ = body.__doc__
        to.command(name or body.__name__)(run)
        return body

    return add


def _call(
    body: Callable[..., int | None], request: type[Request] | None, values: dict[str, Any], stores: bool
) -> int | None:
    if stores:
        writable_home()
    out = Output(values.pop("as_json"))
    if request is None:
        return body(out=out, **values)
    asked = request(**given(request, values))
    others = {key: value for key, value in values.items() if key not in request.model_fields}
    return body(asked, out, **others)


def exit_status(work: Callable[[], int | None]) -> int:
    """Run a command and return its exit status; an exception is reported in one line on standard error."""
    try:
        return work() or OK
    except UserError as error:
        typer.echo(without_secrets(" ".join(said(error.message).split())), err=True)
        return USERS
    except (KeyboardInterrupt, Cancelled):
        typer.echo("Interrupted.", err=True)
        return INTERRUPTED
    except Exception as error:
        fault = without_secrets(f"{type(error).__name__}: {error}")
        trace = keep_trace(error, " ".join(sys.argv))
        typer.echo(f"A fault of the workbench: {fault}. Details: {trace}", err=True)
        return OURS
