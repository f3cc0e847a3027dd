"""The base of all requests: a frozen object that a page, the command line, a script and a job share.

Its fields are described only there: the command line derives its options from them and pages their help texts. A
job reads the request from JSON.
"""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from sem_models.errors import FieldRef, Message, UserError
from sem_models.names import shown


class Request(BaseModel):
    """What somebody asks of a use case.

    Raises:
        UserError: A value cannot be used; the message names its field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_case: ClassVar[str]
    """Name of the use case, by which a job knows what to carry out."""

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_field(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            raise UserError(refusal(error)) from error

    @classmethod
    def description(cls, field: str) -> str:
        """Return what a field means, for help texts.

        Raises:
            KeyError: There is no such field, or it has no description.
        """
        text = cls.model_fields[field].description
        if text is None:
            raise KeyError(f"{cls.__name__}.{field} has no description")
        return text


def refusal(error: ValidationError) -> Message:
    """Name the field of the first value that was refused, and say why."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    reason = first["msg"].removeprefix("Value error, ")
    if not place:
        return Message(f"{reason}.")
    given = first["input"] if first["type"] != "missing" else None
    value = f" {shown(str(given))}" if isinstance(given, str | int | float | Path) else ""
    return Message(FieldRef(place[0]), f"{value}: {reason[:1].lower()}{reason[1:]}.")
