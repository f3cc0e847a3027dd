"""Whether a dataset has two domains without pairs."""

from sem_models.data.manifest import Manifest, Role, Split
from sem_models.errors import UserError
from sem_models.physics.degradation import Degradation
from sem_models.recipes.recipe import Recipe

_NEEDED: tuple[tuple[Split, Role], ...] = (("train", "input"), ("train", "target"), ("val", "input"))


def require_domains(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse what method cycle cannot learn from.

    Raises:
        UserError: The dataset has pairs, a domain is missing, or the degradation leaves images as they are.
    """
    name = manifest.name
    if manifest.kind == "paired":
        raise UserError(
            f"Method cycle must not see pairs, which {name!r} has: prepare both folders with --kind unpaired, or "
            "choose a recipe that learns from pairs."
        )
    if manifest.kind == "unpaired":
        _require_both(manifest)
        return
    if sum(entry.split == "train" for entry in manifest.entries) < 2:
        raise UserError(
            f"Method cycle degrades one half of the training images and takes the other as it is, but {name!r} has "
            "only one; add images."
        )
    if _is_idle(recipe.degradation):
        raise UserError(
            f"The images of {name!r} are both domains, but the degradation changes nothing: set "
            "degradation.dose_e_per_px, read_noise, blur or scan."
        )


def _require_both(manifest: Manifest) -> None:
    for split, role in _NEEDED:
        if not any(entry.split == split and entry.has(role) for entry in manifest.entries):
            domain = "first (input)" if role == "input" else "second (target)"
            raise UserError(
                f"Dataset {manifest.name!r} has no image of the {domain} domain in its {split} split; prepare it again "
                "with more images, another --seed, or a --group-by that tells its specimens apart."
            )


def _is_idle(forward: Degradation) -> bool:
    return forward.dose_e_per_px is None and not forward.read_noise and not forward.blur and not forward.scan
