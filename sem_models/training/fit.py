"""Whether a recipe can learn from a dataset: everything that the manifest can tell before anything is loaded."""

from sem_models.data.manifest import Entry, Manifest, Role
from sem_models.errors import UserError
from sem_models.losses.table import find_loss
from sem_models.networks.table import capabilities
from sem_models.recipes import Recipe


def require_fit(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse what would fail, or learn nonsense, after the start.

    Raises:
        UserError: Kind, splits, channels, scale, image sizes, patch size or losses do not go together.
    """
    facts = capabilities(recipe.network)
    for term in recipe.losses:
        find_loss(term.name)
    if manifest.kind == "unpaired":
        raise UserError(f"Recipe {recipe.name!r} learns from pairs or single images, not from unpaired sets.")
    if manifest.kind != "paired" and recipe.degradation.scale != facts.scale:
        raise UserError(
            f"degradation.scale is {recipe.degradation.scale}, but the network enlarges {facts.scale} times; "
            "set both to one value."
        )
    if recipe.train.patch % facts.scale:
        raise UserError(
            f"Patch size {recipe.train.patch} px is not a multiple of the scale {facts.scale}; change train.patch."
        )
    _require_splits(manifest)
    for entry in manifest.entries:
        _require_entry(recipe, entry, manifest.kind == "paired")


def _require_splits(manifest: Manifest) -> None:
    for split in ("train", "val"):
        if not any(entry.split == split for entry in manifest.entries):
            raise UserError(f"Dataset {manifest.name!r} has no image in its {split} split; prepare it again.")


def _require_entry(recipe: Recipe, entry: Entry, paired: bool) -> None:
    facts = capabilities(recipe.network)
    roles: tuple[Role, ...] = ("input", "target") if paired else ("image",)
    for role in roles:
        if entry.array(role).shape[2] != facts.channels_in:
            raise UserError(
                f"{entry.name} has {entry.array(role).shape[2]} channels, recipe {recipe.name!r} takes "
                f"{facts.channels_in}; prepare grey images."
            )
    sharp = entry.array(roles[-1]).shape[:2]
    if paired and tuple(size * facts.scale for size in entry.array("input").shape[:2]) != sharp:
        raise UserError(
            f"{entry.name}: its input is not {facts.scale} times smaller than its target; set network.scale to what "
            "the pair has."
        )
    if entry.split == "train" and min(sharp) < recipe.train.patch:
        raise UserError(
            f"{entry.name} is smaller than the patch of {recipe.train.patch} px; lower train.patch or leave it out."
        )
