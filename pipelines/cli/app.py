"""The root command and what all commands share: JSON results, errors as one line, exit statuses."""

import json
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Any, ParamSpec

import typer

from pipelines.progress import TerminalProgress
from sem_models.errors import Cancelled, UserError
from sem_models.version import __version__

OK, OURS, USERS, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: done; a fault of ours; the user's input was at fault; interrupted, state saved."""

P = ParamSpec("P")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")]
app = typer.Typer(no_args_is_help=True, add_completion=False)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """SEM Workbench on the command line."""


class Output:
    """Where a command says what came out."""

    def __init__(self, as_json: bool) -> None:
        """Text for people, or one JSON object."""
        self._as_json = as_json
        self.progress = TerminalProgress()

    def text(self, line: str) -> None:
        """For people: standard output, or standard error beside JSON."""
        self.progress.close()
        typer.echo(line, err=self._as_json)

    def result(self, content: dict[str, Any]) -> None:
        """The result, as the last line where JSON was asked for."""
        self.progress.close()
        if self._as_json:
            typer.echo(json.dumps(content, default=str))


def command(function: Callable[P, int | None]) -> Callable[P, None]:
    """Turn exceptions into one line and an exit status."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = function(*args, **kwargs) or OK
        except UserError as error:
            typer.echo(" ".join(str(error).split()), err=True)
            status = USERS
        except (KeyboardInterrupt, Cancelled):
            typer.echo("Interrupted.", err=True)
            status = INTERRUPTED
        except Exception as error:
            typer.echo(f"A fault of the workbench: {type(error).__name__}: {error}. Details: {_keep_trace()}", err=True)
            status = OURS
        raise typer.Exit(status)

    return run


def _keep_trace() -> Path:
    path = Path(gettempdir()) / "sem-workbench-fault.txt"
    path.write_text(f"{' '.join(sys.argv)}\n{traceback.format_exc()}")
    return path
