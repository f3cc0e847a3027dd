"""Several trained models of one task as one: the mean of their outputs, and how far they are apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.images.provenance import ProcessingStep
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.model import UnitModel, learned_of, limits_of, recipe_of, step_of


@dataclass(frozen=True)
class EnsembleModel:
    """The mean over models that were trained independently, for instance with several seeds.

    Made by `ensemble_of`, which checks that their outputs can be averaged.
    """

    members: tuple[UnitModel, ...]
    recipe: Recipe
    """Of the first member; all learned the same task."""

    @property
    def name(self) -> str:
        """The names of all members."""
        return " + ".join(member.name for member in self.members)

    @property
    def capabilities(self) -> Capabilities:
        """What all members need together."""
        facts = [member.capabilities for member in self.members]
        shortened = any(one.effective_halo is not None for one in facts)
        return replace(
            facts[0],
            receptive_field=max(one.receptive_field for one in facts),
            effective_halo=max(one.halo for one in facts) if shortened else None,
            size_multiple=math.lcm(*(one.size_multiple for one in facts)),
            tiling="discouraged" if any(one.tiling == "discouraged" for one in facts) else "supported",
        )

    @property
    def step(self) -> ProcessingStep:
        """What applying it does to an image; the settings name the runs of all members."""
        steps = [step_of(member) for member in self.members]
        runs = ", ".join(step.run for step in steps if step.run)
        way = f"mean of {len(steps)} models" + (f" (runs {runs})" if runs else "")
        settings = dict.fromkeys(step.settings for step in steps if step.settings)
        return steps[0].model_copy(update={"model": self.name, "run": "", "settings": ", ".join((way, *settings))})

    @property
    def limits(self) -> IntensityLimits | None:
        """Those that all members share."""
        return limits_of(self.members[0])

    @property
    def learned(self) -> InputReference | None:
        """That of the first member."""
        return learned_of(self.members[0])

    def outputs(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the output of each member, (members, N, C', H x scale, W x scale)."""
        return torch.stack([member(x) for member in self.members])

    def __call__(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the mean, (N, C', H x scale, W x scale)."""
        return self.outputs(x).mean(0)


@dataclass(frozen=True)
class EnsembleSpread(EnsembleModel):
    """The same with the standard deviation over the members as an additional, last channel.

    Members that learned from the same images err alike in part: what they have in common is not seen, so it is a lower
    limit of the error (Lakshminarayanan, Pritzel and Blundell, NeurIPS 2017, on ensembles of networks).
    """

    @property
    def capabilities(self) -> Capabilities:
        """Those of the ensemble, with another channel."""
        facts = super().capabilities
        return replace(facts, channels_out=facts.channels_out + 1)

    def __call__(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to mean and standard deviation, (N, C' + 1, H x scale, W x scale).

        The deviation has one degree of freedom less than there are members. That of several channels is the root of
        their mean variance.
        """
        outputs = self.outputs(x)
        deviation = outputs.std(0, correction=1).square().mean(1, keepdim=True).sqrt()
        return torch.cat([outputs.mean(0), deviation], 1)


def ensemble_of(members: Sequence[UnitModel]) -> EnsembleModel:
    """Combine models whose outputs can be averaged.

    Raises:
        UserError: There are fewer than two, one of them is there twice or not trained, or they differ in task, scale,
            channels or intensity limits.
    """
    if len(members) < 2:
        raise UserError("Several models together need at least two; name another one.")
    seen: set[str] = set()
    for member in members:
        # A run may be named by its id and by the model that it was registered as.
        source = step_of(member).run or member.name
        if source in seen:
            raise UserError(f"{member.name} is there twice; its copies would agree perfectly. Name it once.")
        seen.add(source)
    for member in members[1:]:
        _require_alike(members[0], member)
    return EnsembleModel(tuple(members), _recipe(members[0]))


def _recipe(member: UnitModel) -> Recipe:
    recipe = recipe_of(member)
    if recipe is None:
        raise UserError(f"{member.name} is not a trained model; combine runs or registered models.")
    if member.capabilities.tiling == "statistics" or recipe.labels or recipe.diffusion:
        raise UserError(f"{member.name} cannot be averaged with others; apply it alone.")
    return recipe


def _require_alike(first: UnitModel, other: UnitModel) -> None:
    for (what, one), another in zip(_facts(first).items(), _facts(other).values(), strict=True):
        if one != another:
            raise UserError(f"{first.name} and {other.name} differ in {what} ({one}, {another}); combine models alike.")
    if limits_of(first) != limits_of(other):
        raise UserError(
            f"{first.name} and {other.name} have other intensity limits: what is white to one is not to the other. "
            "Combine runs that were trained on one dataset."
        )


def _facts(model: UnitModel) -> dict[str, object]:
    facts = model.capabilities
    return {
        "task": _recipe(model).task,
        "scale": facts.scale,
        "channels of the input": facts.channels_in,
        "channels of the output": facts.channels_out,
    }
