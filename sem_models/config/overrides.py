"""Changes to a recipe or to its forward model, written by the user as `KEY=VALUE`."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sem_models.config.degradation import Blur, Degradation, GreyCurve, LineDefects, Scan
from sem_models.config.recipe import Recipe
from sem_models.config.training import GreyLevels
from sem_models.errors import Message, SettingRef, UserError

_Model = TypeVar("_Model", bound=BaseModel)
_OPTIONAL: dict[str, type[BaseModel]] = {
    "blur": Blur,
    "scan": Scan,
    "lines": LineDefects,
    "grey_curve": GreyCurve,
    "grey_levels": GreyLevels,
}
"""Parts that may be absent. Setting a key of an absent part first creates the part with its defaults."""


def override(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """Return the recipe with `key.path=value` changes, validated again as a whole.

    Raises:
        UserError: A key does not exist (the valid ones are listed), or a value is out of range.
    """
    return _changed(recipe, assignments)


class _Forward(BaseModel):
    degradation: Degradation


def override_degradation(degradation: Degradation, assignments: Sequence[str]) -> Degradation:
    """Return the forward model with `degradation.key=value` changes, to score a model on inputs it was not trained on.

    Raises:
        UserError: A key does not exist (the valid ones are listed), or a value is out of range.
    """
    return _changed(_Forward(degradation=degradation), assignments).degradation


def _changed(model: _Model, assignments: Sequence[str]) -> _Model:
    content = _dumped(model)
    for assignment in assignments:
        path, separator, value = assignment.partition("=")
        if not separator:
            raise UserError(SettingRef(assignment), ": settings are written as KEY=VALUE, for example train.steps=200.")
        _assign(content, path.strip(), value.strip())
    try:
        return type(model).model_validate(content)
    except ValidationError as error:
        raise UserError(_refused(error, content, assignments), ".") from error


def _dumped(part: BaseModel) -> dict[str, Any]:
    """Dump a part with what a plain dump omits at its default, so that older dumps and digests stay equal."""
    content = part.model_dump(mode="json")
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            content[name] = _dumped(value)
        elif name not in content:
            content[name] = value
    return content


def _refused(error: ValidationError, content: dict[str, Any], assignments: Sequence[str]) -> Message:
    """Return the key as the user writes it, its value if it is a single one, and what is wrong with it."""
    first = error.errors()[0]
    keys: list[str] = []
    part: Any = content
    for key in first["loc"]:
        # pydantic also names the variant of a network or discriminator, which is not a key.
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
            part[parent] = _dumped(_OPTIONAL[parent]())
        part = part.get(parent) if isinstance(part, dict) else None
    if isinstance(part, list) and parents[-1] == "losses":
        _weigh(part, path, _value(value))
        return
    if not isinstance(part, dict) or key not in part:
        valid = sorted(part) if isinstance(part, dict) else sorted(content)
        raise UserError(SettingRef(path), f": there is no such setting; valid here: {', '.join(valid)}.")
    part[key] = _value(value)
    if key in _OPTIONAL and part[key] is not None:
        keys = ", ".join(f"{path}.{name}" for name in _OPTIONAL[key].model_fields)
        raise UserError(SettingRef(path, value), f": this is a group of settings; set {keys}, or {path}=none.")


def _weigh(terms: list[dict[str, Any]], path: str, weight: Any) -> None:
    """Change the weight of a loss term or add the term (`losses.gradient=0.5`); a weight of 0 removes it."""
    name = path.rpartition(".")[2]
    names = [term["name"] for term in terms]
    if weight == 0 and name not in names:
        raise UserError(SettingRef(path, 0), f": there is no such term to remove; the terms are {', '.join(names)}.")
    kept = [term for term in terms if term["name"] != name]
    terms[:] = [*kept, {"name": name, "weight": weight}] if weight != 0 else kept


def _value(text: str) -> Any:
    """Parse `none`, numbers and comma-separated lists. Anything else stays text, which pydantic validates."""
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
