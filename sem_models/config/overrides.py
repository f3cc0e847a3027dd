"""`KEY=VALUE` changes of a recipe or of its forward model, as users write them."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sem_models.config.degradation import Blur, Degradation, LineDefects, Scan
from sem_models.config.recipe import Recipe
from sem_models.errors import Message, SettingRef, UserError

_Model = TypeVar("_Model", bound=BaseModel)
_OPTIONAL: dict[str, type[BaseModel]] = {"blur": Blur, "scan": Scan, "lines": LineDefects}
"""Parts that may be absent; setting a key of one begins at its defaults."""


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
    # A dump leaves them out where they are absent.
    content["degradation"].setdefault("lines", None)
    for assignment in assignments:
        path, separator, value = assignment.partition("=")
        if not separator:
            raise UserError(SettingRef(assignment), ": write it as KEY=VALUE, for example train.steps=200.")
        _assign(content, path.strip(), value.strip())
    try:
        return type(model).model_validate(content)
    except ValidationError as error:
        raise UserError(_refused(error, content, assignments), ".") from error


def _refused(error: ValidationError, content: dict[str, Any], assignments: Sequence[str]) -> Message:
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
        return Message(SettingRef(" ".join(assignments)), f": {reason}")
    return Message(SettingRef(".".join(keys), str(first.get("input"))), f": {reason}")


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
        raise UserError(SettingRef(path), f": there is no such key; valid here: {', '.join(valid)}.")
    part[key] = _value(value)
    if key in _OPTIONAL and part[key] is not None:
        keys = ", ".join(f"{path}.{name}" for name in _OPTIONAL[key].model_fields)
        raise UserError(SettingRef(path, value), f": it has parts of its own; set {keys}, or {path}=none.")


def _weigh(terms: list[dict[str, Any]], path: str, weight: Any) -> None:
    """`losses.gradient=0.5`: change the weight of a loss term, or add the term; 0 leaves it out."""
    name = path.rpartition(".")[2]
    names = [term["name"] for term in terms]
    if weight == 0 and name not in names:
        raise UserError(SettingRef(path, 0), f": there is no such term to leave out; the terms are {', '.join(names)}.")
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
