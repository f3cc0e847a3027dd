"""Checks of a recipe that need no dataset: whether network, losses, method and sizes go together."""

from typing import get_args

from sem_models.config.methods import METHOD_FACTS
from sem_models.config.networks.table import NetworkConfig, capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, Backbone, LossTerm
from sem_models.errors import SettingRef, UserError
from sem_models.losses.perceptual import SMALLEST_PATCH, require_weights
from sem_models.losses.structure import WINDOW
from sem_models.losses.table import find_loss
from sem_models.methods.adversarial_losses import shown_channels
from sem_models.methods.objective import BRANCH, LIKELIHOOD, PERCEPTUAL, loss_name
from sem_models.methods.table import find_method


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that could not train.

    Raises:
        UserError: A loss is unknown or does not suit the network, the weights of a backbone are missing, or network,
            losses, discriminator or method cannot take the patch or batch size.
    """
    terms = _terms(recipe)
    for term in terms:
        _require_term(recipe, term)
    perceptual = METHOD_FACTS[recipe.method].compares_features or any(term.name in PERCEPTUAL for term in terms)
    _require_patch(recipe, perceptual)
    if recipe.adversarial:
        _require_shown(recipe, recipe.adversarial)
        _require_fusion(recipe, recipe.adversarial)
    if perceptual:
        require_weights(recipe.perceptual)
    find_method(recipe).check(recipe)
    if recipe.adversarial and recipe.train.early_stop:
        raise UserError(
            "train.early_stop watches the PSNR, which an adversarial stage lowers on purpose, so that it would end the "
            "run too soon; use ",
            SettingRef("train.early_stop", "none"),
            ".",
        )


def _terms(recipe: Recipe) -> tuple[LossTerm, ...]:
    return recipe.losses + (recipe.adversarial.losses if recipe.adversarial else ())


def _require_term(recipe: Recipe, term: LossTerm) -> None:
    if term.name == BRANCH:
        if capabilities(recipe.network).auxiliary != "gradient":
            raise UserError(f"Loss {BRANCH!r} needs a network with a gradient branch; {recipe.network.kind} has none.")
        return
    if term.name == LIKELIHOOD:
        if capabilities(recipe.network).auxiliary != "deviation":
            raise UserError(
                f"Loss {LIKELIHOOD!r} needs a network that gives variances; {recipe.network.kind} gives none."
            )
        return
    if term.name.endswith(get_args(Backbone)):
        plain, _, backbone = term.name.rpartition("_")
        named = SettingRef("perceptual", backbone)
        raise UserError(f"Write loss {term.name!r} as {plain!r} and choose its backbone with ", named, ".")
    find_loss(loss_name(recipe, term))
    if term.name == "bce":
        _require_probabilities(recipe.network)


def _require_patch(recipe: Recipe, perceptual: bool) -> None:
    facts, patch = capabilities(recipe.network), recipe.train.patch
    unit = facts.scale * facts.size_multiple
    if facts.training_patch and patch != facts.training_patch * facts.scale:
        raise UserError(
            f"{recipe.network.kind} trains on patches of {facts.training_patch * facts.scale} px (network.patch "
            f"times the scale), not of {patch} px; change train.patch."
        )
    if patch % unit and not facts.training_patch:
        raise UserError(
            f"Patch size {patch} px is not a multiple of {unit}, the network's size multiple times its scale; "
            "change train.patch."
        )
    # Losses also compare the coarsest output of a pyramid.
    shrunk = 4 if facts.auxiliary == "pyramid" else 1
    if perceptual and patch < SMALLEST_PATCH * shrunk:
        raise UserError(
            f"A perceptual loss needs patches of at least {SMALLEST_PATCH * shrunk} px, not {patch}; raise train.patch."
        )
    if any(term.name == "dssim" for term in _terms(recipe)) and patch < WINDOW * shrunk:
        raise UserError(
            f"The loss dssim needs patches of at least {WINDOW * shrunk} px, not {patch}; raise train.patch."
        )
    if recipe.adversarial:
        recipe.adversarial.discriminator.check_patch(patch)


def _require_fusion(recipe: Recipe, settings: Adversarial) -> None:
    if settings.fusion_share and not capabilities(recipe.network).fusion:
        raise UserError(
            f"{recipe.network.kind} has no layers that join an image with its gradient branch; use ",
            SettingRef("adversarial.fusion_share", "0"),
            ".",
        )


def _require_shown(recipe: Recipe, settings: Adversarial) -> None:
    """Refuse discriminators that cannot take the images that they are shown."""
    facts = capabilities(recipe.network)
    if settings.conditional and not find_method(recipe).sees_condition:
        raise UserError(
            f"Method {recipe.method} shows its discriminators images without their inputs; use ",
            SettingRef("adversarial.conditional", "false"),
            ".",
        )
    if settings.conditional and facts.scale != 1:
        raise UserError(
            f"A conditional discriminator sees input and output side by side, but {recipe.network.kind} enlarges "
            f"{facts.scale} times; use ",
            SettingRef("adversarial.conditional", "false"),
            ".",
        )
    said, shown = settings.discriminator.channels, shown_channels(recipe)
    if said not in (None, shown):
        of = f" ({facts.channels_in} of the input, {facts.channels_out} of the image)" if settings.conditional else ""
        raise UserError(
            f"The discriminator takes {said} channel(s), but is shown {shown}{of}; use ",
            SettingRef("adversarial.discriminator.channels", "none"),
            ", which follows the network.",
        )


def _require_probabilities(network: NetworkConfig) -> None:
    """Refuse the loss bce for outputs that may leave [0, 1], where it has no gradient."""
    if capabilities(network).probabilities:
        return
    advice = SettingRef("network.head", "sigmoid") if hasattr(network, "head") else "another loss"
    what = f"Loss 'bce' compares probabilities, but the output of {network.kind} may leave [0, 1]; use "
    raise UserError(what, advice, ".")
