"""Options of the command line, derived from the fields of requests: one name, one help text, one range."""

import inspect
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import typer
from pydantic.fields import FieldInfo

from pipelines.request import Request
from sem_models.errors import FieldRef, SettingRef

_NAMES = {
    "catch_trials": "catch",
    "changes": "set",
    "extra_inputs": "with",
    "baseline_scale": "scale",
    "mapping": "map",
    "models": "model",
    "questions": "question",
    "registration": "register",
    "source": "from",
    "splits": "split",
}
"""Options that are not called like their field: shorter, or older than it."""
_UNITS = ("_nm", "_px")


def option(field: str) -> str:
    """Return `--pixel-size` for `pixel_size_nm`; help texts give the unit."""
    name = _NAMES.get(field, field)
    for unit in _UNITS:
        name = name.removesuffix(unit)
    return f"--{name.replace('_', '-')}"


class CommandLineWords:
    """Names fields and settings by their options, with the value that a message advises."""

    def field(self, field: FieldRef) -> str:
        """Return `--kind masked`, with quotes around a regular expression, which a shell would change."""
        if field.value is None:
            return option(field.name)
        value = str(field.value)
        return f"{option(field.name)} {shlex.quote(value) if '(' in value else value}"

    def setting(self, setting: SettingRef) -> str:
        """Return `--set network.channels_in=3`."""
        return f"--set {setting.text}"


def parameters(request: type[Request], arguments: tuple[str, ...]) -> list[inspect.Parameter]:
    """Make a parameter for Typer from each field; `arguments` are positional and come first."""
    fields = request.model_fields
    names = [*arguments, *(name for name in fields if name not in arguments)]
    return [_parameter(name, fields[name], positional=name in arguments) for name in names]


def given(request: type[Request], values: Mapping[str, Any]) -> dict[str, Any]:
    """Select what was given on the command line; the rest is left to the defaults of the request."""
    said = {name: values[name] for name in request.model_fields if name in values}
    return {name: value for name, value in said.items() if value is not None and value != []}


def _parameter(name: str, field: FieldInfo, *, positional: bool) -> inspect.Parameter:
    kind, default = _kind(field.annotation), None if field.is_required() else _default(field)
    required = field.is_required()
    limits: dict[str, Any] = {"help": _help(field, kind, positional=positional), **_limits(field, kind)}
    if positional:
        info: Any = typer.Argument(**limits)
    elif kind is bool and not default:
        info = typer.Option(option(name), **limits)
    elif kind is bool:
        info = typer.Option(f"{option(name)}/--no-{option(name)[2:]}", **limits)
    else:
        info = typer.Option(option(name), **limits)
    annotation: Any = Annotated[kind if required or default is not None else kind | None, info]
    empty = inspect.Parameter.empty
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=empty if required else default, annotation=annotation
    )


def _help(field: FieldInfo, kind: Any, *, positional: bool) -> str | None:
    several = get_origin(kind) is list and not positional
    return f"{field.description} May be repeated." if several else field.description


def _default(field: FieldInfo) -> Any:
    value = field.default if field.default_factory is None else None
    return (list(value) or None) if isinstance(value, tuple) else value


def _kind(annotation: Any) -> Any:
    """Choose what Typer makes of the text: the type itself, a list of several values, or text for the request."""
    if get_origin(annotation) in (Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not NoneType]
        return _kind(parts[0]) if len(parts) == 1 else str
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is Literal or annotation in (bool, int, float, str, Path):
        return annotation
    if get_origin(annotation) is tuple and get_args(annotation)[-1] is Ellipsis:
        element = _kind(get_args(annotation)[0])
        # Typer knows choices, but not lists of them: the request refuses what is not one.
        return list[Path] if element is Path else list[str]
    return list[str] if get_origin(annotation) is dict else str


def _limits(field: FieldInfo, kind: Any) -> dict[str, float]:
    if kind not in (int, float):
        return {}
    found: dict[str, float] = {}
    for limit in (*field.metadata, *_inner_limits(field.annotation)):
        if isinstance(limit, annotated_types.Ge):
            found["min"] = limit.ge  # type: ignore[assignment]
        elif isinstance(limit, annotated_types.Le):
            found["max"] = limit.le  # type: ignore[assignment]
    return found


def _inner_limits(annotation: Any) -> list[Any]:
    """Find the limits of a number that may be left out: `Annotated[float, Field(ge=0)] | None`."""
    parts = [part for part in get_args(annotation) if get_origin(part) is Annotated]
    return [limit for part in parts for info in get_args(part)[1:] for limit in getattr(info, "metadata", ())]


def with_options(
    body: Callable[..., Any], request: type[Request] | None, arguments: tuple[str, ...]
) -> inspect.Signature:
    """Combine the parameters of a command: the fields of its request, then what else its body takes."""
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(body, eval_str=True).parameters.items()
        if name not in ("request", "out")
    ]
    return inspect.Signature([*(parameters(request, arguments) if request else []), *own])
