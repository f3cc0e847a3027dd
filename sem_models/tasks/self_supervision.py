"""Trainings that never see a clean image: what they take, from which data, and what their validation can know."""

from typing import Literal, NamedTuple

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.manifest import Manifest, Role
from sem_models.datasets.sampling.bank import Source
from sem_models.datasets.sampling.fixed_noise import fixed_noise, repeated_frames
from sem_models.errors import UserError

NOISY_ONLY = ("blind-spot", "noise2noise")
Reference = Literal["clean", "second frame", "none"]


class NoisyViews(NamedTuple):
    """The images of a training without clean ones."""

    roles: tuple[Role, ...]
    source: Source


def noisy_views(recipe: Recipe, manifest: Manifest) -> NoisyViews | None:
    """What the bank holds for a method of `NOISY_ONLY`; None for all others."""
    if recipe.method not in NOISY_ONLY:
        return None
    if manifest.kind == "paired":
        return NoisyViews(("input", "target"), repeated_frames)
    roles: tuple[Role, ...] = ("input",) if recipe.method == "blind-spot" else ("input", "target")
    return NoisyViews(roles, fixed_noise(recipe.degradation))


def may_turn(recipe: Recipe) -> bool:
    """Whether patches may be turned: a mask along scan lines needs them where the microscope drew them."""
    return recipe.blind_spot is None or not recipe.blind_spot.follows_lines


def reference_of(recipe: Recipe, manifest: Manifest) -> Reference:
    """What an output can be compared with in validation.

    A PSNR against a noisy image would be wrong in both cases without a clean one: against the input itself the identity
    would be perfect, against a second frame even the truth would not be.
    """
    if recipe.method == "noise2noise" and manifest.kind == "paired":
        return "second frame"
    return "none" if recipe.method == "blind-spot" and recipe.degradation.is_empty else "clean"


def require_denoising(recipe: Recipe) -> None:
    """Refuse what a method of `NOISY_ONLY` cannot learn, before there is a dataset.

    Raises:
        UserError: The network enlarges, the forward model blurs, the loss is not the squared error where a hidden
            pixel needs it, or patch and mask do not go together.
    """
    if capabilities(recipe.network).scale != 1:
        raise UserError(f"Method {recipe.method} removes noise and nothing else; use --set network.scale=1.")
    if recipe.degradation.blur:
        raise UserError(
            f"Method {recipe.method} cannot sharpen: its targets are as blurred as its inputs; use --set "
            "degradation.blur=none."
        )
    scan = recipe.degradation.scan
    if recipe.method == "noise2noise" and scan and (scan.jitter_px or scan.drift_px or scan.charging):
        raise UserError(
            "Method noise2noise needs frames that differ by noise alone; jitter, drift and charging would be learned "
            "as though they were the specimen: set degradation.scan.jitter_px, drift_px and charging to 0."
        )
    hidden = recipe.blind_spot
    if hidden is None:
        return
    if [term.name for term in recipe.losses] != ["mse"]:
        raise UserError("Method blind-spot learns the mean of what a pixel may be, by the loss mse alone; use that.")
    least = max(*hidden.box, 2 * hidden.radius + 1, 2 * hidden.line_px + hidden.stretch_px)
    if recipe.train.patch < least:
        raise UserError(f"The mask needs patches of {least} px at least, not {recipe.train.patch}; raise train.patch.")


def require_noise(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse a dataset that a method of `NOISY_ONLY` cannot learn from.

    Raises:
        UserError: Pairs for blind-spot; single clean images without simulated noise for noise2noise.
    """
    if recipe.method == "blind-spot" and manifest.kind == "paired":
        raise UserError(
            "Method blind-spot learns from single images; prepare the noisy ones without --target, or use noise2noise "
            "for two frames of each field."
        )
    if recipe.method == "noise2noise" and manifest.kind != "paired" and not recipe.degradation.is_noisy:
        raise UserError(
            "Method noise2noise needs two noisy frames of each field: prepare a paired dataset, or simulate noise on "
            "clean images with --set degradation.dose_e_per_px=30."
        )
