"""Everything that decides what a run learns, in one frozen object."""

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sem_models.errors import UserError
from sem_models.features.vgg import Backbone
from sem_models.networks.table import NetworkConfig
from sem_models.physics.degradation import Blur, Degradation, Scan
from sem_models.training.settings import (
    Adversarial,
    BlindSpot,
    CycleSettings,
    LossTerm,
    Optimiser,
    Schedule,
    TrainSettings,
)

Task = Literal["super-resolution", "denoising", "refocusing"]
MethodName = Literal["supervised", "adversarial", "variational", "cycle", "noise2noise", "blind-spot"]
_JUDGED: tuple[MethodName, ...] = ("adversarial", "variational", "cycle")
"""Methods in which discriminators take part."""

_Model = TypeVar("_Model", bound=BaseModel)
_OPTIONAL: dict[str, type[BaseModel]] = {"blur": Blur, "scan": Scan}
"""Parts that may be absent; setting a key of one begins at its defaults."""


class Recipe(BaseModel):
    """Network, method, losses, forward model and training settings of one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    summary: str
    task: Task = "super-resolution"
    method: MethodName = "supervised"
    network: NetworkConfig
    losses: tuple[LossTerm, ...] = Field((LossTerm(name="l1"),), min_length=1)
    perceptual: Backbone = "vgg19"
    """Whose features a loss term `perceptual` compares."""
    degradation: Degradation = Degradation()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    adversarial: Adversarial | None = None
    """The second stage, with a discriminator; `losses`, `optimiser` and `schedule` above are those of the first."""
    cycle: CycleSettings | None = None
    """Method cycle: what stands in for pairs. Its only stage is the adversarial one."""
    blind_spot: BlindSpot | None = None
    """What method blind-spot hides."""
    train: TrainSettings = TrainSettings()

    @model_validator(mode="after")
    def _stages_agree(self) -> "Recipe":
        if (self.adversarial is not None) != (self.method in _JUDGED):
            raise ValueError(f"method {self.method} {'takes no' if self.adversarial else 'needs'} adversarial settings")
        if (self.cycle is not None) != (self.method == "cycle"):
            raise ValueError(f"method {self.method} {'takes no' if self.cycle else 'needs'} cycle settings")
        if self.cycle and self.adversarial:
            _require_one_stage(self.adversarial)
        if (self.blind_spot is not None) != (self.method == "blind-spot"):
            raise ValueError(f"method {self.method} {'takes no' if self.blind_spot else 'needs'} blind_spot settings")
        return self


def _require_one_stage(settings: Adversarial) -> None:
    if settings.first_share or settings.gradient_weight or settings.losses:
        raise ValueError(
            "method cycle has one stage, one discriminator a domain and the losses of its cycle settings: "
            "adversarial.first_share and adversarial.gradient_weight must be 0 and adversarial.losses empty"
        )


def override(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """The recipe with `key.path=value` changes, validated again as a whole.

    Raises:
        UserError: No such key (the valid ones are listed) or a value out of its range.
    """
    return _changed(recipe, assignments)


class _Forward(BaseModel):
    degradation: Degradation


def override_degradation(degradation: Degradation, assignments: Sequence[str]) -> Degradation:
    """The forward model with `degradation.key=value` changes: to score a model on other inputs than it learned from.

    Raises:
        UserError: As `override`.
    """
    return _changed(_Forward(degradation=degradation), assignments).degradation


def _changed(model: _Model, assignments: Sequence[str]) -> _Model:
    content: dict[str, Any] = model.model_dump(mode="json")
    for assignment in assignments:
        path, separator, value = assignment.partition("=")
        if not separator:
            raise UserError(f"--set {assignment}: write it as KEY=VALUE, for example train.steps=200.")
        _assign(content, path.strip(), value.strip())
    try:
        return type(model).model_validate(content)
    except ValidationError as error:
        raise UserError(f"--set {_refused(error, content, assignments)}.") from error


def _refused(error: ValidationError, content: dict[str, Any], assignments: Sequence[str]) -> str:
    """The key as the user writes it, its value where it is a single one, and what is wrong with it."""
    first = error.errors()[0]
    keys: list[str] = []
    part: Any = content
    for key in first["loc"]:
        # pydantic also names the variant of a network or discriminator, which is no key.
        if isinstance(part, dict) and key in part:
            part = part[key]
            keys.append(str(key))
    reason = first["msg"].removeprefix("Value error, ").lower()
    if isinstance(part, dict):
        return f"{' '.join(assignments)}: {reason}"
    return f"{'.'.join(keys)}={first.get('input')}: {reason}"


def _assign(content: dict[str, Any], path: str, value: str) -> None:
    *parents, key = path.split(".")
    part: Any = content
    for parent in parents:
        if parent in _OPTIONAL and isinstance(part, dict) and part.get(parent, "") is None:
            part[parent] = _OPTIONAL[parent]().model_dump(mode="json")
        part = part.get(parent) if isinstance(part, dict) else None
    if isinstance(part, list) and parents[-1] == "losses":
        _weigh(part, path, _value(value))
        return
    if not isinstance(part, dict) or key not in part:
        valid = sorted(part) if isinstance(part, dict) else sorted(content)
        raise UserError(f"--set {path}: there is no such key; valid here: {', '.join(valid)}.")
    part[key] = _value(value)


def _weigh(terms: list[dict[str, Any]], path: str, weight: Any) -> None:
    """`losses.gradient=0.5`: change the weight of a loss term, or add the term; 0 leaves it out."""
    name = path.rpartition(".")[2]
    names = [term["name"] for term in terms]
    if weight == 0 and name not in names:
        raise UserError(f"--set {path}=0: there is no such term to leave out; the terms are {', '.join(names)}.")
    kept = [term for term in terms if term["name"] != name]
    terms[:] = [*kept, {"name": name, "weight": weight}] if weight != 0 else kept


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
