"""What methods that never see a clean image have in common."""

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.sampling.fixed_noise import fixed_noise
from sem_models.errors import SettingRef, UserError
from sem_models.methods.base import Views
from sem_models.methods.supervised import Supervised


class NoisyOnly(Supervised):
    """Learns from noisy images alone; a clean image gets its noise once, as one recorded frame has it."""

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raise a `UserError` if the network enlarges or the forward model blurs."""
        if capabilities(recipe.network).scale != 1:
            only = f"Method {recipe.method} removes noise and nothing else; use "
            raise UserError(only, SettingRef("network.scale", 1), ".")
        if recipe.degradation.blur:
            raise UserError(
                f"Method {recipe.method} cannot sharpen: its targets are as blurred as its inputs; use ",
                SettingRef("degradation.blur", "none"),
                ".",
            )

    @classmethod
    def views(cls, recipe: Recipe, manifest: Manifest, roles: tuple[Role, ...]) -> Views:
        """Return two noisy frames of each field."""
        return Views(("input", "target"), fixed_noise(recipe.degradation))
