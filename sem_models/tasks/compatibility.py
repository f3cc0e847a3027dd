"""Whether a recipe can learn from a dataset: everything that the manifest can tell before anything is loaded."""

from sem_models.config.degradation import Degradation
from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Entry, Kind, Manifest, Role, Split
from sem_models.errors import UserError
from sem_models.tasks.ignored_settings import require_consistency
from sem_models.tasks.label_maps import require_labels, takes_labels
from sem_models.tasks.self_supervision import require_noise
from sem_models.tasks.translation_checks import require_channels, require_pairs


def check_compatible(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse what would fail, or learn nonsense, after the start.

    Raises:
        UserError: Kind, splits, channels, scale, image sizes, patch size or losses do not go together.
    """
    facts = capabilities(recipe.network)
    require_consistency(recipe)
    if recipe.method == "cycle":
        require_domains(recipe, manifest)
    elif manifest.kind == "unpaired":
        raise UserError(f"Recipe {recipe.name!r} learns from pairs or single images, not from unpaired sets.")
    if manifest.kind not in ("paired", "unpaired") and recipe.degradation.scale != facts.scale:
        raise UserError(
            f"degradation.scale is {recipe.degradation.scale}, but the network enlarges {facts.scale} times; "
            "set both to one value."
        )
    if facts.back_projection:
        _require_projection(recipe, manifest)
    require_noise(recipe, manifest)
    if takes_labels(recipe):
        require_labels(recipe, manifest)
    require_pairs(recipe, manifest)
    _require_splits(manifest)
    for entry in manifest.entries:
        _require_entry(recipe, entry, manifest.kind)


def refuse_ignored(recipe: Recipe, manifest: Manifest) -> None:
    """A forward model that somebody set is not to be passed over in silence.

    Raises:
        UserError: The dataset is paired, or images are to be drawn as they are, and `degradation` is not that of the
            preset.
    """
    preset = RECIPES.get(recipe.name)
    if preset is None or recipe.degradation == preset.degradation:
        return
    if recipe.task == "synthesis":
        raise UserError(
            f"Recipe {recipe.name!r} learns to draw images as they are, so that nothing of degradation is used; leave "
            "out --set degradation.…"
        )
    if manifest.kind == "paired":
        raise UserError(
            f"Dataset {manifest.name!r} is paired and brings its inputs, so that nothing of degradation is used; leave "
            "out --set degradation.…, or train on single images."
        )


def _require_projection(recipe: Recipe, manifest: Manifest) -> None:
    """Back-projection makes the output true to the input, which is right only where the input is known to be clean."""
    assumed, forward = capabilities(recipe.network).back_projection, recipe.degradation
    if manifest.kind == "paired":
        why = "pairs bring an input of their own"
    elif forward.dose_e_per_px is not None or forward.read_noise > 0:
        why = "here it is noisy"
    elif assumed != forward.downsampling:
        why = f"here it is shrunk by {forward.downsampling}, not by {assumed}"
    else:
        return
    raise UserError(
        f"network.back_projection holds the output to an input that is known to be shrunk and nothing else, but {why}; "
        "use --set network.back_projection=none."
    )


def _require_splits(manifest: Manifest) -> None:
    for split in ("train", "val"):
        if not any(entry.split == split for entry in manifest.entries):
            raise UserError(f"Dataset {manifest.name!r} has no image in its {split} split; prepare it again.")


def _require_entry(recipe: Recipe, entry: Entry, kind: Kind) -> None:
    facts, paired = capabilities(recipe.network), kind == "paired"
    wanted: tuple[Role, ...] = ("input", "target") if kind in ("paired", "unpaired") else ("image",)
    roles = [role for role in wanted if kind != "unpaired" or entry.has(role)]
    for role in roles:
        require_channels(recipe, entry, role)
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
