"""Use case: state the licence of a version of a registered model."""

from pipelines.model_ref import RegistryRef
from pipelines.people.audit import record
from pipelines.people.person import Person
from pipelines.tracking.keys import Tag
from pipelines.tracking.registry import find_version, require_own_name, set_version_tags


def state_licence(model: RegistryRef, licence: str, by: Person) -> None:
    """Write under which licence the weights of a version may be used; an empty one takes the statement back.

    Raises:
        UserError: There is no such version, or somebody else registered the model.
    """
    require_own_name(model.name, by)
    version = str(find_version(model).version)
    set_version_tags(model.name, version, {Tag.LICENCE: licence.strip()})
    record(by, "licence", f"{model.name}, version {version}")
