"""Whether a recipe can learn from a dataset: all checks that need only its manifest, before anything is loaded."""

from sem_models.config.degradation import Degradation, Downsampling
from sem_models.config.methods import METHOD_FACTS
from sem_models.config.networks.table import NetworkConfig, capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Layout, Role
from sem_models.datasets.manifest import Entry, Manifest
from sem_models.errors import FieldRef, Message, SettingRef, UserError
from sem_models.tasks.table import find_task


def adapt(recipe: Recipe, manifest: Manifest) -> Recipe:
    """Return the recipe, completed by what only the dataset knows: intensity limits, and the classes of its masks."""
    task = find_task(recipe)
    adapted = task.adapted(recipe, manifest)
    return adapted.model_copy(update={"limits": task.limits(adapted, manifest)})


def check_compatible(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse a combination of recipe and dataset that would fail in training, or learn nonsense.

    Raises:
        UserError: Kind, splits, channels, scale, image sizes, patch size or losses do not match.
    """
    # Losses and methods import torch, which pages that import this module must not wait for.
    from sem_models.methods.recipe_check import check_recipe
    from sem_models.methods.table import find_method

    check_recipe(recipe)
    _require_method(recipe)
    _require_contrast(recipe)
    _require_one_contrast(recipe)
    manifest = find_task(recipe).learned_from(recipe, manifest)
    find_method(recipe).check_dataset(recipe, manifest)
    _require_scale(recipe, manifest)
    if capabilities(recipe.network).back_projection:
        _require_projection(recipe, manifest)
    find_task(recipe).check_dataset(recipe, manifest)
    _require_splits(manifest)
    for entry in manifest.entries:
        _require_entry(recipe, entry, manifest)


def refuse_ignored(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse a forward model that was changed by hand but would be ignored.

    Raises:
        UserError: `degradation` is not that of the preset, but the dataset is paired or the task does not degrade.
    """
    preset = RECIPES.get(recipe.name)
    if preset is None or recipe.degradation == preset.degradation:
        return
    if find_task(recipe).words.no_forward_model:
        raise UserError(
            f"Recipe {recipe.name!r} learns to generate images as they are and does not use the forward model; leave ",
            SettingRef("degradation"),
            " unchanged.",
        )
    if find_task(recipe).learned_from(recipe, manifest).layout.is_paired:
        raise UserError(
            f"Dataset {manifest.name!r} is paired and contains its inputs, so the forward model is not used; leave ",
            SettingRef("degradation"),
            " unchanged, or train on single images.",
        )


def _require_method(recipe: Recipe) -> None:
    """Refuse a method that gives classes where the task wants images, or the other way round."""
    if METHOD_FACTS[recipe.method].gives_classes == find_task(recipe).gives_images:
        raise UserError(f"Method {recipe.method} cannot be used for {recipe.task}; choose a preset of that task.")


def _require_contrast(recipe: Recipe) -> None:
    """Refuse random grey curves where the contrast of the input is to be kept."""
    if recipe.degradation.grey_curve and find_task(recipe).keeps_contrast:
        raise UserError(
            f"Grey curves simulate another contrast, which {recipe.task} must keep; use ",
            SettingRef("degradation.grey_curve", "none"),
            ", or choose a preset of translation.",
        )


def _require_one_contrast(recipe: Recipe) -> None:
    """Refuse random grey levels where input and target are anything else than images of one contrast."""
    task, facts = find_task(recipe), METHOD_FACTS[recipe.method]
    images = task.takes_images and task.gives_images and task.keeps_contrast
    alone = task.image_channels(recipe) == capabilities(recipe.network).channels_in
    if recipe.train.grey_levels and not (images and alone and facts.compares_with_target):
        raise UserError(
            "Random grey levels need a clean target of the same contrast, and inputs that are images alone; use ",
            SettingRef("train.grey_levels", "none"),
            f" with {recipe.task} by method {recipe.method}.",
        )


def _require_scale(recipe: Recipe, manifest: Manifest) -> None:
    scale = capabilities(recipe.network).scale
    if not manifest.layout.brings_inputs and recipe.degradation.scale != scale:
        raise UserError(
            f"degradation.scale is {recipe.degradation.scale}, but the network enlarges {scale} times; "
            "set both to the same value."
        )


def _require_projection(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse back-projection onto inputs that are not clean: it forces the output to agree with its input."""
    assumed, forward = capabilities(recipe.network).back_projection, recipe.degradation
    why = _why_not_only_reduced(forward, manifest.layout)
    if not why and assumed != forward.downsampling:
        why = f"here inputs are downsampled by {forward.downsampling}, not by {assumed}"
    if not why:
        return
    raise UserError(
        f"network.back_projection needs inputs that were downsampled and not degraded in any other way, but {why}; "
        "use ",
        SettingRef("network.back_projection", "none"),
        ".",
    )


def _why_not_only_reduced(forward: Degradation, layout: Layout) -> str:
    """Say what else than down-sampling may have made the inputs; empty if nothing did."""
    if layout.brings_inputs:
        return "inputs of pairs were recorded" if layout.is_paired else "inputs were recorded"
    if forward.dose_e_per_px is not None or forward.read_noise > 0:
        return "here inputs are noisy"
    if forward.blur or forward.scan or forward.lines:
        return "here inputs are also blurred or distorted by the scan"
    if forward.grey_curve:
        return "here inputs also have other grey levels"
    return ""


def why_not_projected(recipe: Recipe, manifest: Manifest) -> str:
    """Say why outputs of a trained model must not be made to agree with their inputs; empty if they may.

    They may where the model enlarges and learned from inputs that were downsampled by a known operator and not degraded
    in any other way.

    Args:
        recipe: The recipe that the model was trained by.
        manifest: Manifest of the dataset that it was trained on.
    """
    facts = capabilities(recipe.network)
    if facts.scale == 1:
        return "it does not enlarge images"
    if facts.back_projection:
        return "it already ends in a back-projection"
    why = _why_not_only_reduced(recipe.degradation, manifest.layout)
    return why and f"it learned from inputs that were not only downsampled ({why})"


def projection_of(recipe: Recipe, manifest: Manifest) -> Downsampling:
    """Return the down-sampling that a trained model undoes, onto which its outputs can be projected.

    Raises:
        UserError: `why_not_projected` gives a reason.
    """
    why = why_not_projected(recipe, manifest)
    if why:
        raise UserError(f"{recipe.name} cannot be used with ", FieldRef("projection"), f": {why}; leave it out.")
    return recipe.degradation.downsampling


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
            f"{entry.name}: the input is not {facts.scale} times smaller than the target; set network.scale to the "
            "ratio of their sizes."
            if facts.scale > 1
            else f"{entry.name}: input and target differ in size, which the network keeps; choose a recipe that "
            "enlarges, or prepare pairs of one size."
        )
    if entry.split == "train" and min(sharp) < recipe.train.patch:
        raise UserError(
            f"{entry.name} is smaller than the patch of {recipe.train.patch} px; lower train.patch, or leave the image "
            "out of the dataset."
        )


def _require_channels(recipe: Recipe, entry: Entry, role: Role) -> None:
    """Refuse inputs and targets whose channels are not those of the network; an image that is both must match both.

    A mask, which segmentation and synthesis have on one side, is not checked here.
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
                f"{entry.name} has {found} channel(s) in its {role}, but recipe {recipe.name!r} {does} {channels}; ",
                _advice(recipe.network, setting, found),
            )


def _advice(network: NetworkConfig, setting: str, found: int) -> Message:
    if hasattr(network, setting):
        return Message("use ", SettingRef(f"network.{setting}", found), ", or prepare other images.")
    return Message("prepare grey images.")
