"""Reference page of the command line, generated from the commands."""

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

import pipelines.__main__  # noqa: F401 (registers every command)
from pipelines.cli.app import app

INTRODUCTION = """# Command line

In a checkout `python -m pipelines COMMAND` is the same as `sem-workbench COMMAND`. `--json` prints one JSON object as
the last line of standard output; logs and progress go to standard error. The exit status is 0 on success, 2 for an
error in your input (one line says what to do), 1 for an error in the program, and 130 if the command was interrupted
and its state saved.

MODEL is a run (`RUN_ID`), the backward generator of a CycleGAN (`RUN_ID:backward`), a registered model
(`models:/NAME@ALIAS` or `models:/NAME/VERSION`), or a baseline (`baseline:bicubic`).
"""


def page() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    commands = sorted(_flat(root, "")) if isinstance(root, TyperGroup) else []
    overview = ["| command | what it does |", "|---|---|"]
    overview += [f"| [`{name}`](#{name.replace(' ', '-')}) | {_first(command)} |" for name, command in commands]
    return "\n".join([INTRODUCTION, *overview, "", *(_section(name, command) for name, command in commands)])


def _flat(group: TyperGroup, prefix: str) -> list[tuple[str, TyperCommand]]:
    found: list[tuple[str, TyperCommand]] = []
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            found += _flat(command, f"{prefix}{name} ")
        elif isinstance(command, TyperCommand):
            found.append((prefix + name, command))
    return found


def _first(command: TyperCommand) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


def _section(name: str, command: TyperCommand) -> str:
    arguments = [part for part in command.params if isinstance(part, TyperArgument)]
    options = [part for part in command.params if isinstance(part, TyperOption)]
    usage = " ".join(["sem-workbench", name, *map(_place, arguments), "[OPTIONS]"])
    lines = [f"## {name}", "", (command.help or "").strip(), "", "```text", usage, "```", ""]
    if command.params:
        lines += ["| | | default |", "|---|---|---|"]
        lines += [_row(f"`{(part.name or '').upper()}`", part) for part in arguments]
        lines += [_row(", ".join(f"`{name}`" for name in (*part.opts, *part.secondary_opts)), part) for part in options]
    return "\n".join([*lines, ""])


def _place(argument: TyperArgument) -> str:
    name = f"{(argument.name or '').upper()}{'...' if argument.nargs != 1 else ''}"
    return name if argument.required else f"[{name}]"


def _row(name: str, part: TyperArgument | TyperOption) -> str:
    description = " ".join((part.help or "").split()).replace("|", "\\|")
    return f"| {name} | {description} | {_default(part)} |"


def _default(part: TyperArgument | TyperOption) -> str:
    if part.required:
        return "required"
    if part.default in (None, False, "") or callable(part.default):
        return ""
    return f"`{part.default}`" if part.default is not True else "on"
