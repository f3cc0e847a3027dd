"""Use case: point an alias to a version of a registered model, and keep a record of it."""

from pipelines.model_ref import RegistryRef
from pipelines.people.acting import acting_person
from pipelines.people.audit import record
from pipelines.people.person import Person
from pipelines.release.requests import PromoteRequest
from pipelines.tracking.promotions import Promotion, move_alias
from pipelines.tracking.registry import find_version, require_own_name
from sem_models.errors import UserError


def promote(request: PromoteRequest, by: Person | None = None) -> Promotion:
    """Move an alias; return the record of it.

    Raises:
        UserError: The model is not a registered one, there is no such version, or somebody else registered the model.
    """
    by = by or acting_person()
    if not isinstance(request.model, RegistryRef):
        raise UserError(f"{request.model} is not a registered model; register it first, then name its version.")
    require_own_name(request.model.name, by)
    version = find_version(request.model)
    record(by, "promote", f"{request.model.name}, version {version.version}, to {request.alias}")
    return move_alias(request.model.name, request.alias, str(version.version), version.tags, by)
