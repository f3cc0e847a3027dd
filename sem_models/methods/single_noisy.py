"""What methods that learn from single noisy images have in common."""

from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest
from sem_models.errors import FieldRef, UserError
from sem_models.methods.base import Truth, Views
from sem_models.methods.noisy_only import NoisyOnly


class SingleNoisy(NoisyOnly):
    """Learns from one noisy frame of each field; there is no target."""

    @classmethod
    def check_dataset(cls, recipe: Recipe, manifest: Manifest) -> None:
        """Raise a `UserError` for pairs."""
        super().check_dataset(recipe, manifest)
        if manifest.layout.is_paired:
            raise UserError(
                f"Method {recipe.method} learns from single images; prepare the noisy ones without ",
                FieldRef("target"),
                ", or use noise2noise for two frames of each field.",
            )

    @classmethod
    def views(cls, recipe: Recipe, manifest: Manifest, roles: tuple[Role, ...]) -> Views:
        """Return one noisy frame of each field."""
        return super().views(recipe, manifest, roles)._replace(roles=("input",))

    @classmethod
    def truth(cls, recipe: Recipe, manifest: Manifest) -> Truth:
        """Return no truth if the images are already noisy, else the clean images."""
        return Truth.NONE if recipe.degradation.is_empty else Truth.CLEAN
