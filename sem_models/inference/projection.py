"""Projection at prediction: outputs of a super-resolution model, corrected until they agree with their inputs."""

from dataclasses import dataclass, replace

from torch import Tensor

from sem_models.config.degradation import Downsampling
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.networks.reach import projected_halo
from sem_models.inference.model import RestorationModel
from sem_models.physics.downsampling import back_project


@dataclass(frozen=True)
class ProjectedModel(RestorationModel):
    """A super-resolution model followed by back-projection (Irani and Peleg, 1991).

    Only for inputs that were downsampled and not degraded in any other way: noise and blur of the input would be
    carried over to the output (see `sem_models.tasks.compatibility.projection_of`).
    """

    downsampling: Downsampling = "bicubic_aa"
    """The operator that made the inputs."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the network, with a halo that is wider by the reach of the projection."""
        facts = super().capabilities
        more = projected_halo(facts.scale)
        return replace(
            facts,
            receptive_field=facts.receptive_field + more,
            effective_halo=facts.halo + more,
            back_projection=self.downsampling,
        )

    @property
    def way(self) -> str:
        """Names the projection."""
        return f"projected onto the input ({self.downsampling})"

    @property
    def takes_one_pass(self) -> bool:
        """The network alone gives another output."""
        return False

    def __call__(self, x: Tensor) -> Tensor:
        """Apply network and projection to (N, C, H, W) float32; returns (N, C, H x scale, W x scale)."""
        image = super().__call__(x)
        return back_project(image, x, super().capabilities.scale, self.downsampling)


def projected(model: RestorationModel, downsampling: Downsampling) -> ProjectedModel:
    """Return a model whose outputs agree with their inputs when reduced by `downsampling`.

    It states no doubt: what a model has learned to state is how far it is off without the projection.
    """
    return ProjectedModel(
        recipe=model.recipe,
        network=model.network,
        name=model.name,
        direction=model.direction,
        run_id=model.run_id,
        note=model.note,
        learned=model.learned,
        downsampling=downsampling,
    )
