"""Whether the parts of a recipe go together: what can be said before there is a dataset."""

from typing import get_args

from sem_models.config.method_settings import CycleSettings
from sem_models.config.networks.discriminators import DiscriminatorConfig
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.training import Backbone, LossTerm
from sem_models.errors import UserError
from sem_models.losses.perceptual import SMALLEST_PATCH, require_weights
from sem_models.losses.structure import WINDOW, smallest_patch
from sem_models.losses.table import find_loss
from sem_models.methods.objective import BRANCH, PERCEPTUAL, loss_name
from sem_models.tasks.self_supervision import NOISY_ONLY, require_denoising
from sem_models.tasks.translation_checks import require_judgeable, require_probabilities

_DENOISING = (LossTerm(name="l1"),)
"""The first stage of `variational` has no other: its balance with the divergence is part of the method."""


def require_consistency(recipe: Recipe) -> None:
    """Refuse a recipe that could not train.

    Raises:
        UserError: An unknown loss, a loss that the network cannot give, missing weights of a backbone, or a patch or
            batch size that network, losses, discriminator and method cannot take.
    """
    terms = _terms(recipe)
    for term in terms:
        _require_term(recipe, term)
    perceptual = recipe.method == "variational" or any(term.name in PERCEPTUAL for term in terms)
    _require_patch(recipe, perceptual)
    require_judgeable(recipe)
    if perceptual:
        require_weights(recipe.perceptual)
    if recipe.method == "variational":
        _require_dsrvae(recipe)
    if recipe.cycle:
        _require_cycle(recipe, recipe.cycle)
    if recipe.method in NOISY_ONLY:
        require_denoising(recipe)
    if recipe.adversarial and recipe.train.early_stop:
        raise UserError(
            "train.early_stop goes by PSNR, which an adversarial stage lowers on purpose, and would end the run before "
            "that stage; use --set train.early_stop=none."
        )


def _require_cycle(recipe: Recipe, settings: CycleSettings) -> None:
    """Both generators have one config, so that each must take what the other gives."""
    _require_no_first_stage(recipe)
    facts = capabilities(recipe.network)
    if facts.scale != 1 or facts.channels_in != facts.channels_out:
        raise UserError(
            f"Method cycle goes there and back through networks of one kind, but {recipe.network.kind} turns "
            f"{facts.channels_in} channel(s) into {facts.channels_out} at scale {facts.scale}; take one of scale 1 "
            "that keeps the channels."
        )
    least = smallest_patch(settings.low_frequency_sigma_px)
    if settings.low_frequency and recipe.train.patch < least:
        raise UserError(
            f"A low-pass of sigma {settings.low_frequency_sigma_px:g} px needs patches of {least} px at least, not "
            f"{recipe.train.patch}; raise train.patch or lower cycle.low_frequency_sigma_px."
        )


def _require_no_first_stage(recipe: Recipe) -> None:
    """Settings of the stage that a cycle does not have must say nothing else than those of the one it has."""
    second, fields = recipe.adversarial, Recipe.model_fields
    instead = {
        "losses": (None, "cycle.weight, cycle.identity and cycle.low_frequency"),
        "optimiser": (second and second.optimiser, "adversarial.optimiser"),
        "schedule": (second and second.schedule, "adversarial.schedule"),
    }
    for name, (same, other) in instead.items():
        if getattr(recipe, name) not in (fields[name].default, same):
            raise UserError(f"Method cycle ignores {name}, as it has no stage before its adversarial one; set {other}.")


def _terms(recipe: Recipe) -> tuple[LossTerm, ...]:
    return recipe.losses + (recipe.adversarial.losses if recipe.adversarial else ())


def _require_term(recipe: Recipe, term: LossTerm) -> None:
    if term.name == BRANCH:
        if capabilities(recipe.network).auxiliary != "gradient":
            raise UserError(f"Loss {BRANCH!r} needs a network with a gradient branch; {recipe.network.kind} has none.")
        return
    if term.name.endswith(get_args(Backbone)):
        plain, _, backbone = term.name.rpartition("_")
        raise UserError(f"Loss {term.name!r}: write {plain!r}, and name its backbone by --set perceptual={backbone}.")
    find_loss(loss_name(recipe, term))
    if term.name == "bce":
        require_probabilities(recipe.network)


def _require_patch(recipe: Recipe, perceptual: bool) -> None:
    facts, patch = capabilities(recipe.network), recipe.train.patch
    unit = facts.scale * facts.size_multiple
    if facts.training_patch and patch != facts.training_patch * facts.scale:
        raise UserError(
            f"{recipe.network.kind} learns from patches of {facts.training_patch * facts.scale} px (network.patch "
            f"times the scale), not of {patch} px; change train.patch."
        )
    if patch % unit and not facts.training_patch:
        raise UserError(
            f"Patch size {patch} px is not a multiple of {unit}, the scale times what the network needs; "
            "change train.patch."
        )
    # Losses also compare the coarsest output of a pyramid.
    shrunk = 4 if facts.auxiliary == "pyramid" else 1
    if perceptual and patch < SMALLEST_PATCH * shrunk:
        raise UserError(
            f"A perceptual loss needs patches of {SMALLEST_PATCH * shrunk} px at least, not {patch}; raise train.patch."
        )
    if any(term.name == "dssim" for term in _terms(recipe)) and patch < WINDOW * shrunk:
        raise UserError(
            f"The loss dssim needs patches of {WINDOW * shrunk} px at least, not {patch}; raise train.patch."
        )
    if recipe.adversarial:
        _require_judged(recipe.adversarial.discriminator, patch)


def _require_judged(judge: DiscriminatorConfig, patch: int) -> None:
    if judge.kind == "vgg":
        if judge.size != patch:
            raise UserError(
                f"The discriminator judges patches of {judge.size} px, but train.patch is {patch}; "
                f"use --set adversarial.discriminator.size={patch} (a multiple of 32)."
            )
        return
    # What the halvings leave must be 3 px: the two layers after them take one pixel each.
    if patch >> judge.halvings < 3:
        raise UserError(
            f"A discriminator with {judge.halvings} halvings needs patches of {3 << judge.halvings} px at least, not "
            f"{patch}; raise train.patch or lower adversarial.discriminator.halvings."
        )
    if judge.kind == "structure" and patch % 4:
        raise UserError(
            f"The structure discriminator halves twice, but {patch} px are not a multiple of 4; change train.patch."
        )


def _require_dsrvae(recipe: Recipe) -> None:
    if capabilities(recipe.network).latent is None:
        raise UserError("Method variational trains dsrvae with its denoising stage; choose another method.")
    if recipe.losses != _DENOISING:
        terms = ", ".join(f"{term.name}={term.weight:g}" for term in recipe.losses)
        raise UserError(
            f"Method variational learns to denoise by l1=1 and a divergence, not by {terms}; leave losses as they are. "
            "What enlarges is under adversarial.losses."
        )
    if recipe.train.batch < 2:
        raise UserError(
            "Method variational compares with patches of other places, which takes a batch of 2; raise train.batch."
        )
