"""The versions of registered models, for lists; nothing here loads a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pipelines.model_ref import RegistryRef
from pipelines.people.permissions import Ownership
from pipelines.tracking.database import StoredVersion, read_versions
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import is_readable

_PAGE = 1000
"""Versions asked for at once from a server."""


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a registered model."""

    name: str
    version: str
    aliases: tuple[str, ...]
    run_id: str
    tags: Mapping[str, str]
    created: datetime | None = None

    @property
    def ref(self) -> RegistryRef:
        """The version by its number."""
        return RegistryRef(self.name, version=self.version)

    @property
    def ownership(self) -> Ownership:
        """Whose it is; registering a model shows it to the lab."""
        return Ownership(self.tags.get(Tag.OWNER, ""), shared=True)


def list_versions() -> list[RegisteredVersion]:
    """List all versions of all registered models, by name, the newest first within a model."""
    return [_version(one) for one in (read_versions() if is_readable() else _versions_of_server())]


def _versions_of_server() -> list[StoredVersion]:
    from pipelines.tracking.store import all_pages, client

    aliases: dict[tuple[str, int], list[str]] = {}
    models = client().search_registered_models
    for model in all_pages(lambda token: models(max_results=_PAGE, page_token=token)):
        for alias, number in sorted(model.aliases.items()):
            aliases.setdefault((model.name, int(number)), []).append(alias)
    versions = client().search_model_versions
    found = [
        StoredVersion(one.name, int(one.version), one.run_id or "", one.creation_timestamp, tags=dict(one.tags))
        for one in all_pages(lambda token: versions(max_results=_PAGE, page_token=token))
    ]
    for one in found:
        one.aliases = aliases.get((one.name, one.version), [])
    return sorted(found, key=lambda one: (one.name, -one.version))


def _version(one: StoredVersion) -> RegisteredVersion:
    created = datetime.fromtimestamp(one.created_ms / 1000, UTC)
    return RegisteredVersion(one.name, str(one.version), tuple(one.aliases), one.run_id, one.tags, created)
