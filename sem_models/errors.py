"""Messages to the user, which may refer to fields, and the exception for mistakes that the user can correct.

A message never spells out the name of a field. The front end that shows the message does: the command line writes
`--group-by`, a page writes the label of the field, and a script writes `group_by`.
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True)
class FieldRef:
    """A field of a request, for example `group_by`, and optionally the value that the message recommends for it."""

    name: str
    value: str | float | None = None


@dataclass(frozen=True)
class SettingRef:
    """A recipe setting named by its path, for example `network.channels_in`, and optionally a recommended value."""

    path: str
    value: str | float | None = None

    @property
    def text(self) -> str:
        """The setting in plain text: `network.channels_in=3`, or the path alone if there is no value."""
        return self.path if self.value is None else f"{self.path}={self.value}"


class Words(Protocol):
    """The names that one front end gives to fields and settings."""

    def field(self, field: FieldRef) -> str:
        """Return the name of the field, with its value if it has one."""

    def setting(self, setting: SettingRef) -> str:
        """Return the setting, and where the user can change it."""


class _PlainWords:
    """The names used in scripts and logs, which are those of the code."""

    def field(self, field: FieldRef) -> str:
        return field.name if field.value is None else f"{field.name}={field.value}"

    def setting(self, setting: SettingRef) -> str:
        return setting.text


Part: TypeAlias = "str | FieldRef | SettingRef | Message"


class Message:
    """Text that may refer to fields and settings.

    Args:
        parts: Text, fields and settings in order. Messages among them are replaced by their own parts.
    """

    __slots__ = ("parts",)

    def __init__(self, *parts: Part) -> None:
        flat: list[str | FieldRef | SettingRef] = []
        for part in parts:
            flat += part.parts if isinstance(part, Message) else (part,)
        self.parts: tuple[str | FieldRef | SettingRef, ...] = tuple(flat)

    def render(self, words: Words) -> str:
        """Return the text with the names that a front end gives to fields and settings."""
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
        """Return the message as JSON-compatible values, for a file that another process reads."""
        return {"message": [part if isinstance(part, str) else _part_to_json(part) for part in self.parts]}

    @classmethod
    def revive(cls, content: dict[str, Any]) -> "dict[str, Any] | Message":
        """Restore a message from the output of `to_json`. To be used as the `object_hook` of `json.loads`."""
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
    """A mistake that the user can correct: one line that says what is wrong, where, and what to do about it.

    The command line prints it without a traceback and exits with status 2; pages show it in a red box.

    Args:
        parts: Parts of the message, as for `Message`. Usually a single string.
    """

    def __init__(self, *parts: Part) -> None:
        super().__init__(*parts)
        self.message = Message(*parts)

    def __str__(self) -> str:
        return str(self.message)


class Cancelled(Exception):
    """Raised by a progress callback to stop long work. The caller keeps the results obtained so far."""
