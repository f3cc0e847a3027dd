"""The name of a model as a person writes it, parsed once.

| written | meaning |
|---|---|
| `RUN_ID` | best checkpoint of a training run |
| `RUN_ID:backward` | second generator of a CycleGAN, from the second domain to the first |
| `models:/NAME@ALIAS`, `models:/NAME/VERSION` | registered model |
| `baseline:NAME` (earlier `floor:NAME`) | method without training that every model has to beat |
| `starter:NAME` | trained model that comes with the program |
"""

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import PlainSerializer, PlainValidator

from sem_models.config.methods import Direction
from sem_models.errors import UserError
from sem_models.starters.shelf import STARTER

_REGISTRY, _BASELINE = "models:/", "baseline:"
_EARLIER_BASELINE = "floor:"
MODEL_HELP = (
    "Run id, RUN_ID:backward (the backward generator of a CycleGAN), models:/NAME@ALIAS, models:/NAME/VERSION, a "
    "starter model such as starter:denoise, or a baseline such as baseline:bicubic."
)
SCALE_HELP = "Scale of a baseline; models know their own."
BACKEND_HELP = (
    "What computes a trained network on the CPU; auto: PyTorch, or what was measured to be faster with the same output."
)
STRENGTH_HELP = (
    "Blur to undo, sigma of a Gaussian in px, for refocusing models that can be told; 0 changes nothing. By default "
    "that of the model."
)


@dataclass(frozen=True)
class RunRef:
    """A training run, and which of its generators."""

    run_id: str
    direction: Direction = "forward"

    def __str__(self) -> str:
        return f"{self.run_id}:backward" if self.direction == "backward" else self.run_id


@dataclass(frozen=True)
class RegistryRef:
    """A version of a registered model, by its number or by an alias that points to it."""

    name: str
    alias: str | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        if (self.alias is None) == (self.version is None):
            raise ValueError("a registered model is named by its alias or by its version")

    def __str__(self) -> str:
        return f"{_REGISTRY}{self.name}@{self.alias}" if self.alias else f"{_REGISTRY}{self.name}/{self.version}"


@dataclass(frozen=True)
class BaselineRef:
    """A method without training."""

    name: str

    def __str__(self) -> str:
        return _BASELINE + self.name


@dataclass(frozen=True)
class StarterRef:
    """A trained model that comes with the program."""

    name: str

    def __str__(self) -> str:
        return STARTER + self.name


ModelRef: TypeAlias = RunRef | RegistryRef | BaselineRef | StarterRef


def parse_model(text: "str | ModelRef") -> ModelRef:
    """Parse the name of a model; a reference is returned as it is.

    Raises:
        UserError: The name has none of the forms above.
    """
    if not isinstance(text, str):
        return text
    text = text.strip()
    for prefix in (_BASELINE, _EARLIER_BASELINE):
        if text.startswith(prefix):
            return BaselineRef(text.removeprefix(prefix))
    if text.startswith(STARTER):
        return StarterRef(text.removeprefix(STARTER))
    return _registered(text) if text.startswith(_REGISTRY) else parse_run(text)


def parse_run(text: "str | RunRef") -> RunRef:
    """Parse as `parse_model` does, where only a run is allowed.

    Raises:
        UserError: The name is empty, or something other than `backward` follows the colon.
    """
    if isinstance(text, RunRef):
        return text
    run_id, colon, way = str(text).partition(":")
    if not run_id or (colon and way != "backward"):
        raise UserError(f"{text!s}: write RUN_ID, or RUN_ID:backward for the second generator of a CycleGAN.")
    return RunRef(run_id, "backward" if colon else "forward")


def _registered(text: str) -> RegistryRef:
    address = text.removeprefix(_REGISTRY)
    name, at, alias = address.partition("@")
    if at and name and alias:
        return RegistryRef(name, alias=alias)
    name, _, version = address.partition("/")
    if not name or not version:
        raise UserError(f"{text}: write models:/NAME@ALIAS or models:/NAME/VERSION.")
    return RegistryRef(name, version=version)


def _any_model(value: Any) -> ModelRef:
    if isinstance(value, str | RunRef | RegistryRef | BaselineRef | StarterRef):
        return parse_model(value)
    raise ValueError("the name of a model must be a text")


def _a_run(value: Any) -> RunRef:
    if isinstance(value, str | RunRef):
        return parse_run(value)
    raise ValueError("the name of a run must be a text")


def _a_start(value: Any) -> RunRef | StarterRef:
    ref = parse_model(value) if isinstance(value, str | StarterRef) else value
    return ref if isinstance(ref, StarterRef) else _a_run(value)


ModelField = Annotated[ModelRef, PlainValidator(_any_model), PlainSerializer(str, return_type=str)]
"""Type of a request's field that names a model: takes text, gives text to JSON."""
RunField = Annotated[RunRef, PlainValidator(_a_run), PlainSerializer(str, return_type=str)]
"""Likewise, where only a run is allowed."""
StartField = Annotated[RunRef | StarterRef, PlainValidator(_a_start), PlainSerializer(str, return_type=str)]
"""Likewise, where a training may start: at a run or a starter model."""
