"""The named systems as typed presets: everything that decides what a run learns, in one frozen object."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sem_models.errors import UserError
from sem_models.networks.srresnet import SRResNetConfig
from sem_models.networks.table import NetworkConfig
from sem_models.networks.vdsr import VDSRConfig
from sem_models.physics.degradation import Degradation
from sem_models.training.settings import LossTerm, Optimiser, Schedule, TrainSettings


class Recipe(BaseModel):
    """Network, method, losses, forward model and training settings of one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    summary: str
    task: Literal["super-resolution"] = "super-resolution"
    method: Literal["supervised"] = "supervised"
    network: NetworkConfig
    losses: tuple[LossTerm, ...] = (LossTerm(name="l1"),)
    degradation: Degradation = Degradation()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    train: TrainSettings = TrainSettings()


def _vdsr(scale: Literal[2, 4]) -> Recipe:
    return Recipe(
        name=f"vdsr-x{scale}",
        summary="VDSR of 2016: 20 plain convolutions correct a bicubic enlargement. Adam and L1 replace SGD at 0.1.",
        network=VDSRConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=1e-4, betas=(0.9, 0.999)),
        schedule=Schedule(name="multistep", milestones=(0.5, 0.75), gamma=0.1),
        train=TrainSettings(steps=100_000, batch=64, patch=64, validate_every=2000, checkpoint_every=1000),
    )


def _srresnet(scale: Literal[2, 4]) -> Recipe:
    return Recipe(
        name=f"srresnet-x{scale}",
        summary="SRResNet without batch norm, 16 residual blocks at low resolution, as ESRGAN's baseline is trained.",
        network=SRResNetConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=Schedule(name="cosine", final_fraction=0.001),
        train=TrainSettings(steps=250_000, batch=16, patch=128, validate_every=5000, checkpoint_every=1000),
    )


def _small(recipe: Recipe, network: NetworkConfig, summary: str, steps: int, patch: int) -> Recipe:
    """A preset that a CPU with two cores trains in minutes."""
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": summary,
            "network": network,
            "losses": (LossTerm(name="charbonnier"),),
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=steps, batch=16, patch=patch, ema_decay=0.99, validate_every=500),
        }
    )


def _presets() -> list[Recipe]:
    scales: tuple[Literal[2, 4], ...] = (4, 2)
    presets: list[Recipe] = []
    for scale in scales:
        vdsr, srresnet = _vdsr(scale), _srresnet(scale)
        few = "VDSR with 8 convolutions of width 24: minutes on two CPU cores."
        thin = "SRResNet with 8 blocks of width 32: minutes on two CPU cores, the faster of the two to apply."
        presets += [
            vdsr,
            _small(vdsr, VDSRConfig(scale=scale, depth=8, width=24), few, steps=6000, patch=64),
            srresnet,
            _small(srresnet, SRResNetConfig(scale=scale, blocks=8, width=32), thin, steps=3000, patch=96),
        ]
    return presets


RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _presets()}


def find_recipe(name: str) -> Recipe:
    """The preset of that name; a `UserError` lists all names."""
    if name not in RECIPES:
        raise UserError(f"Unknown recipe {name!r}: use one of {', '.join(RECIPES)}.")
    return RECIPES[name]


def override(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """The recipe with `key.path=value` changes, validated again as a whole.

    Raises:
        UserError: No such key (the valid ones are listed) or a value out of its range.
    """
    content: dict[str, Any] = recipe.model_dump(mode="json")
    for assignment in assignments:
        path, separator, value = assignment.partition("=")
        if not separator:
            raise UserError(f"--set {assignment}: write it as KEY=VALUE, for example train.steps=200.")
        _assign(content, path.strip(), value.strip())
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"--set {place}={first.get('input')}: {first['msg'].lower()}.") from error


def _assign(content: dict[str, Any], path: str, value: str) -> None:
    *parents, key = path.split(".")
    part: Any = content
    for parent in parents:
        part = part.get(parent) if isinstance(part, dict) else None
    if not isinstance(part, dict) or key not in part:
        valid = sorted(part) if isinstance(part, dict) else sorted(content)
        raise UserError(f"--set {path}: there is no such key; valid here: {', '.join(valid)}.")
    part[key] = _value(value)


def _value(text: str) -> Any:
    """`none`, numbers and comma lists become what they mean; the rest stays text for pydantic to judge."""
    if text.lower() in ("none", "null"):
        return None
    if "," in text:
        return [_value(part.strip()) for part in text.split(",") if part.strip()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
