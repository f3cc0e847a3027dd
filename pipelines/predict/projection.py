"""Projection as an option of prediction: which models allow it, and the model with it."""

from pipelines.model_ref import BaselineRef, ModelRef, RegistryRef, StarterRef
from pipelines.models import trained_run
from pipelines.tracking.registry import find_version
from pipelines.tracking.run_facts import manifest_of, stored_recipe
from sem_models.errors import FieldRef, UserError
from sem_models.inference.model import RestorationModel, UnitModel
from sem_models.tasks.compatibility import projection_of, why_not_projected


def offers_projection(ref: ModelRef) -> bool:
    """Tell whether the outputs of a model may be projected, without loading it."""
    if isinstance(ref, BaselineRef | StarterRef):
        return False
    run_id = str(find_version(ref).run_id) if isinstance(ref, RegistryRef) else trained_run(ref).run_id
    try:
        return not why_not_projected(stored_recipe(run_id), manifest_of(run_id))
    except UserError:
        # A model whose dataset is unknown can still be applied without projection.
        return False


def with_projection(model: UnitModel) -> UnitModel:
    """Return the model with its outputs projected onto their inputs.

    Raises:
        UserError: It is a baseline, or its inputs were not made by a known down-sampling alone.
    """
    from sem_models.inference.projection import projected

    if not isinstance(model, RestorationModel):
        raise UserError(
            f"{model.name} learned nothing about how its inputs were made, which ",
            FieldRef("projection"),
            " needs; `baseline:bicubic+projection` projects bicubic interpolation.",
        )
    return projected(model, projection_of(model.recipe, manifest_of(model.run_id)))
