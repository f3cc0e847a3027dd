"""The base class of every settings object."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable pydantic model that rejects unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
