"""The base of every settings object."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A pydantic model that never changes once made and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
