"""Use case: point an alias to a version of a registered model, and keep a record of it."""

from pipelines.model_ref import RegistryRef
from pipelines.release.requests import PromoteRequest
from pipelines.tracking.promotions import Promotion, move_alias
from pipelines.tracking.registry import find_version
from sem_models.errors import UserError


def promote(request: PromoteRequest) -> Promotion:
    """Move an alias; return the record of it.

    Raises:
        UserError: The model is not a registered one, or there is no such version.
    """
    if not isinstance(request.model, RegistryRef):
        raise UserError(f"{request.model} is not a registered model; register it first, then name its version.")
    version = find_version(request.model)
    return move_alias(request.model.name, request.alias, str(version.version), version.tags)
