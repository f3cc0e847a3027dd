"""What a user is told: messages that may name a field, and the one exception that means: the input was at fault.

A message never spells the name of a field. Whoever shows it does: the command line as `--group-by`, a page as its
label, a script as `group_by`.
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True)
class FieldRef:
    """A field of a request, such as `group_by`, with the value to give it where one is advised."""

    name: str
    value: str | float | None = None


@dataclass(frozen=True)
class SettingRef:
    """A setting of a recipe by its path, such as `network.channels_in`, with the value to give it."""

    path: str
    value: str | float | None = None

    @property
    def text(self) -> str:
        """`network.channels_in=3`, or the path alone."""
        return self.path if self.value is None else f"{self.path}={self.value}"


class Words(Protocol):
    """How one front end calls fields and settings."""

    def field(self, field: FieldRef) -> str:
        """Its name, with its value where it has one."""

    def setting(self, setting: SettingRef) -> str:
        """The setting, and where it is made."""


class _PlainWords:
    """For scripts and logs: as the code calls it."""

    def field(self, field: FieldRef) -> str:
        return field.name if field.value is None else f"{field.name}={field.value}"

    def setting(self, setting: SettingRef) -> str:
        return setting.text


Part: TypeAlias = "str | FieldRef | SettingRef | Message"


class Message:
    """Text with the fields and settings that it names.

    Args:
        parts: Text, fields and settings in their order; messages among them are taken apart.
    """

    __slots__ = ("parts",)

    def __init__(self, *parts: Part) -> None:
        flat: list[str | FieldRef | SettingRef] = []
        for part in parts:
            flat += part.parts if isinstance(part, Message) else (part,)
        self.parts: tuple[str | FieldRef | SettingRef, ...] = tuple(flat)

    def render(self, words: Words) -> str:
        """The text in the words of a front end."""
        return "".join(part if isinstance(part, str) else _named(part, words) for part in self.parts)

    def __str__(self) -> str:
        return self.render(_PlainWords())

    def __repr__(self) -> str:
        return f"Message({', '.join(map(repr, self.parts))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def to_json(self) -> dict[str, Any]:
        """For a file that another process reads."""
        return {"message": [part if isinstance(part, str) else _part_to_json(part) for part in self.parts]}

    @classmethod
    def revive(cls, content: dict[str, Any]) -> "dict[str, Any] | Message":
        """An `object_hook` for `json.loads`: what `to_json` gave is a message again."""
        if content.keys() != {"message"}:
            return content
        return cls(*(part if isinstance(part, str) else _part_from_json(part) for part in content["message"]))


def _named(part: FieldRef | SettingRef, words: Words) -> str:
    return words.field(part) if isinstance(part, FieldRef) else words.setting(part)


def _part_to_json(part: FieldRef | SettingRef) -> dict[str, Any]:
    if isinstance(part, FieldRef):
        return {"field": part.name, "value": part.value}
    return {"setting": part.path, "value": part.value}


def _part_from_json(content: dict[str, Any]) -> FieldRef | SettingRef:
    if "field" in content:
        return FieldRef(content["field"], content["value"])
    return SettingRef(content["setting"], content["value"])


class UserError(Exception):
    """What is wrong, where, and what to do, in one line.

    The command line prints it without a traceback and exits with status 2; pages show it in a red box.

    Args:
        parts: As those of a `Message`; mostly one text.
    """

    def __init__(self, *parts: Part) -> None:
        super().__init__(*parts)
        self.message = Message(*parts)

    def __str__(self) -> str:
        return str(self.message)


class Cancelled(Exception):
    """Raised inside a progress callback to stop long work; results up to then are kept by the caller."""
