"""Whether a recipe can learn from a dataset: everything that the manifest can tell before anything is loaded."""

from sem_models.config.methods import METHOD_FACTS
from sem_models.config.networks.table import NetworkConfig, capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Entry, Manifest
from sem_models.errors import Message, SettingRef, UserError
from sem_models.tasks.table import find_task


def adapt(recipe: Recipe, manifest: Manifest) -> Recipe:
    """The recipe with what only the dataset can tell: its intensity limits, and the classes of its masks."""
    task = find_task(recipe)
    adapted = task.adapted(recipe, manifest)
    return adapted.model_copy(update={"limits": task.limits(adapted, manifest)})


def check_compatible(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse what would fail, or learn nonsense, after the start.

    Raises:
        UserError: Kind, splits, channels, scale, image sizes, patch size or losses do not go together.
    """
    # Losses and methods need torch, which a page does not wait for before it asks this.
    from sem_models.methods.consistency import require_consistency
    from sem_models.methods.table import find_method

    require_consistency(recipe)
    _require_method(recipe)
    find_method(recipe).check_dataset(recipe, manifest)
    _require_scale(recipe, manifest)
    if capabilities(recipe.network).back_projection:
        _require_projection(recipe, manifest)
    find_task(recipe).check_dataset(recipe, manifest)
    _require_splits(manifest)
    for entry in manifest.entries:
        _require_entry(recipe, entry, manifest)


def refuse_ignored(recipe: Recipe, manifest: Manifest) -> None:
    """A forward model that somebody set is not to be passed over in silence.

    Raises:
        UserError: The dataset is paired, or the task does not degrade, and `degradation` is not that of the preset.
    """
    preset = RECIPES.get(recipe.name)
    if preset is None or recipe.degradation == preset.degradation:
        return
    if find_task(recipe).words.no_forward_model:
        raise UserError(
            f"Recipe {recipe.name!r} learns to draw images as they are, so that nothing of degradation is used; leave "
            "all of ",
            SettingRef("degradation"),
            " as it is.",
        )
    if manifest.layout.is_paired:
        raise UserError(
            f"Dataset {manifest.name!r} is paired and brings its inputs, so that nothing of degradation is used; leave "
            "all of ",
            SettingRef("degradation"),
            " as it is, or train on single images.",
        )


def _require_method(recipe: Recipe) -> None:
    """Classes are learned as classes, images as images."""
    if METHOD_FACTS[recipe.method].gives_classes == find_task(recipe).gives_images:
        raise UserError(f"Method {recipe.method} does not go with task {recipe.task}; choose a preset of that task.")


def _require_scale(recipe: Recipe, manifest: Manifest) -> None:
    scale = capabilities(recipe.network).scale
    if not manifest.layout.brings_inputs and recipe.degradation.scale != scale:
        raise UserError(
            f"degradation.scale is {recipe.degradation.scale}, but the network enlarges {scale} times; "
            "set both to one value."
        )


def _require_projection(recipe: Recipe, manifest: Manifest) -> None:
    """Back-projection makes the output true to the input, which is right only where the input is known to be clean."""
    assumed, forward = capabilities(recipe.network).back_projection, recipe.degradation
    if manifest.layout.is_paired:
        why = "pairs bring an input of their own"
    elif forward.dose_e_per_px is not None or forward.read_noise > 0:
        why = "here it is noisy"
    elif assumed != forward.downsampling:
        why = f"here it is shrunk by {forward.downsampling}, not by {assumed}"
    else:
        return
    raise UserError(
        f"network.back_projection holds the output to an input that is known to be shrunk and nothing else, but {why}; "
        "use ",
        SettingRef("network.back_projection", "none"),
        ".",
    )


def _require_splits(manifest: Manifest) -> None:
    for split in ("train", "val"):
        if not any(entry.split == split for entry in manifest.entries):
            raise UserError(f"Dataset {manifest.name!r} has no image in its {split} split; prepare it again.")


def _require_entry(recipe: Recipe, entry: Entry, manifest: Manifest) -> None:
    facts, layout = capabilities(recipe.network), manifest.layout
    roles = [role for role in layout.image_roles if entry.has(role)]
    for role in roles:
        _require_channels(recipe, entry, role)
    sharp = entry.array(roles[-1]).shape[:2]
    if layout.is_paired and tuple(size * facts.scale for size in entry.array("input").shape[:2]) != sharp:
        raise UserError(
            f"{entry.name}: its input is not {facts.scale} times smaller than its target; set network.scale to what "
            "the pair has."
        )
    if entry.split == "train" and min(sharp) < recipe.train.patch:
        raise UserError(
            f"{entry.name} is smaller than the patch of {recipe.train.patch} px; lower train.patch or leave it out."
        )


def _require_channels(recipe: Recipe, entry: Entry, role: Role) -> None:
    """Inputs need as many as the network takes, targets as many as it gives, and images that are both need both.

    Of a task on masks one of the two is the mask.
    """
    task, found = find_task(recipe), entry.array(role).shape[2]
    needed = []
    if role != "target" and task.takes_images:
        needed.append((task.image_channels(recipe), "takes", "channels_in"))
    if role != "input" and task.gives_images:
        needed.append((capabilities(recipe.network).channels_out, "gives", "channels_out"))
    for channels, does, setting in needed:
        if found != channels:
            raise UserError(
                f"{entry.name} has {found} channels in its {role}, recipe {recipe.name!r} {does} {channels}; ",
                _advice(recipe.network, setting, found),
            )


def _advice(network: NetworkConfig, setting: str, found: int) -> Message:
    if hasattr(network, setting):
        return Message("use ", SettingRef(f"network.{setting}", found), ", or prepare other images.")
    return Message("prepare grey images.")
