"""Moves of aliases of registered models, each with who made it, when, and on which scores.

MLflow keeps where an alias points to, but not where it pointed before. Each move is therefore kept as a tag of the
registered model, written once and never changed.
"""

import json
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from mlflow import MlflowException

from pipelines.people.person import Person
from pipelines.tracking.keys import Tag
from pipelines.tracking.store import client

_LONGEST = 4000
"""Letters of a record; MLflow refuses longer tags."""


@dataclass(frozen=True)
class Promotion:
    """One move of an alias."""

    alias: str
    version: str
    before: str | None
    """The version that it pointed to before."""
    who: str
    """User and machine, or name and id of somebody who signed in."""
    when_ms: int
    scores: Mapping[str, str] = field(default_factory=dict)
    """Means over a test split at that time, by `DATASET-test.METRIC`."""

    @property
    def when(self) -> datetime:
        """Time of the move, UTC."""
        return datetime.fromtimestamp(self.when_ms / 1000, UTC)


def move_alias(name: str, alias: str, version: str, tags: Mapping[str, str], by: Person) -> Promotion:
    """Point an alias to a version and record it.

    Args:
        name: The registered model.
        alias: Such as `champion`.
        version: Its number.
        tags: Of the version; its scores are taken from them.
        by: Who moves it.
    """
    store = client()
    done = Promotion(alias, version, _target(name, alias), _who(by), int(time.time() * 1000), scores_of(tags))
    store.set_registered_model_alias(name, alias, version)
    key = f"{Tag.PROMOTION}{done.when_ms:013d}-{uuid.uuid4().hex[:6]}"
    store.set_registered_model_tag(name, key, _text(done))
    return done


def promotions(name: str) -> list[Promotion]:
    """List the moves of all aliases of a model, newest first; those of versions before 0.2 were not recorded."""
    tags = client().get_registered_model(name).tags
    found = [_read(text) for key, text in sorted(tags.items(), reverse=True) if key.startswith(Tag.PROMOTION)]
    return [one for one in found if one is not None]


def scores_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the scores among the tags of a version, by `DATASET-test.METRIC`."""
    return {key: value for key, value in tags.items() if "-test." in key and not key.startswith("sem.")}


def _target(name: str, alias: str) -> str | None:
    try:
        return str(client().get_model_version_by_alias(name, alias).version)
    except MlflowException:
        return None


def _who(by: Person) -> str:
    return f"{by.name} on {socket.gethostname()}" if by.is_local else f"{by.name} ({by.id})"


def _text(done: Promotion) -> str:
    """Write a record; where it is too long, scores are left out from the end."""
    scores = dict(done.scores)
    while len(text := json.dumps({**asdict(done), "scores": scores})) > _LONGEST and scores:
        scores.popitem()
    return text


def _read(text: str) -> Promotion | None:
    try:
        return Promotion(**json.loads(text))
    except (ValueError, TypeError):
        return None
