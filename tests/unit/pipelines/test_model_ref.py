"""Model references: parsed, and written in the form in which users write them."""

import pytest
from pydantic import BaseModel

from pipelines.model_ref import (
    BaselineRef,
    ModelField,
    ModelRef,
    RegistryRef,
    RunField,
    RunRef,
    StarterRef,
    StartField,
    parse_model,
)
from pipelines.models import recipe_of, resolve_model
from sem_models.errors import UserError


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("0123abcd", RunRef("0123abcd")),
        ("0123abcd:backward", RunRef("0123abcd", "backward")),
        ("models:/sr@champion", RegistryRef("sr", alias="champion")),
        ("models:/sr/3", RegistryRef("sr", version="3")),
        ("baseline:bicubic", BaselineRef("bicubic")),
        ("starter:denoise", StarterRef("denoise")),
    ],
)
def test_what_is_written_is_what_is_parsed(text: str, ref: ModelRef) -> None:
    assert parse_model(text) == ref
    assert str(ref) == text
    assert parse_model(ref) is ref


def test_scripts_of_version_0_1_are_understood() -> None:
    assert parse_model("floor:bicubic") == BaselineRef("bicubic")
    assert str(parse_model("floor:bicubic")) == "baseline:bicubic"


@pytest.mark.parametrize("text", ["", "  ", ":backward", "0123:forward", "models:/sr", "models:/@a", "models://2"])
def test_invalid_references_are_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"write (RUN_ID|models:/NAME@ALIAS)"):
        parse_model(text)


def test_starter_models_are_resolved_without_a_store() -> None:
    found = resolve_model(StarterRef("denoise"))
    assert (found.model.name, found.run_id, found.direction) == ("starter:denoise", None, "forward")
    assert recipe_of(StarterRef("denoise")) == found.model.recipe
    with pytest.raises(UserError, match="no such starter model"):
        resolve_model(parse_model("starter:dream"))


class _Asked(BaseModel):
    model: ModelField
    run: RunField | None = None


class _Start(BaseModel):
    init: StartField


def test_a_training_starts_at_a_run_or_a_starter_model() -> None:
    for text, ref in (("starter:denoise", StarterRef("denoise")), ("0123", RunRef("0123"))):
        asked = _Start.model_validate({"init": text})
        assert asked.init == ref
        assert asked.model_dump(mode="json") == {"init": text}
    for refused in ("models:/sr@champion", "baseline:nlm"):
        with pytest.raises(UserError, match="write RUN_ID"):
            _Start.model_validate({"init": refused})


def test_fields_take_text_and_give_text_to_json() -> None:
    asked = _Asked.model_validate({"model": "floor:nlm", "run": "0123:backward"})
    assert (asked.model, asked.run) == (BaselineRef("nlm"), RunRef("0123", "backward"))
    assert asked.model_dump(mode="json") == {"model": "baseline:nlm", "run": "0123:backward"}
    assert _Asked.model_validate_json(asked.model_dump_json()) == asked
    with pytest.raises(UserError, match="write RUN_ID"):
        _Asked.model_validate({"model": "0123", "run": "models:/sr@champion"})
