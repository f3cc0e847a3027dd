"""Aliases and the record of their moves, and the Models page that shows them."""

import json
from pathlib import Path

import pytest

from pipelines.model_ref import RegistryRef
from pipelines.release.cards import card_of
from pipelines.release.promote import promote
from pipelines.release.requests import PromoteRequest
from pipelines.tracking.keys import Tag
from pipelines.tracking.promotions import promotions
from pipelines.tracking.registry import alias_target, set_version_tags
from pipelines.tracking.store import client
from pipelines.tracking.versions import list_versions
from sem_models.errors import UserError
from tests.support.pages import assert_sound, page

SCORES = (
    {"steel-test.psnr_db": "29.1000 (n = 8)"},
    {"steel-test.psnr_db": "30.2000 (n = 8); baseline:bicubic 29.5500"},
)


@pytest.fixture
def model(sem_home: Path) -> str:
    """Two versions, registered without files, because nothing here loads them."""
    store = client()
    store.create_registered_model("steel-sr")
    for scores in SCORES:
        tags = {Tag.TASK: "super-resolution", Tag.DATASET: "steel", Tag.PARAMETERS: "52000", **scores}
        store.create_model_version("steel-sr", f"{sem_home}/nowhere", tags=tags)
    return "steel-sr"


def test_each_move_is_recorded_with_its_scores(model: str) -> None:
    first = promote(PromoteRequest(model=RegistryRef(model, version="1")))
    assert (first.alias, first.version, first.before) == ("champion", "1", None)
    promote(PromoteRequest(model=RegistryRef(model, version="2")))
    back = promote(PromoteRequest(model=RegistryRef(model, version="1")))
    assert back.before == "2"
    assert alias_target(model, "champion") == "1"
    found = promotions(model)
    assert [(one.version, one.before) for one in found] == [("1", "2"), ("2", "1"), ("1", None)]
    assert [dict(one.scores) for one in found] == [SCORES[0], SCORES[1], SCORES[0]]
    assert all(" on " in one.who and one.when_ms > 0 for one in found)


def test_a_damaged_record_hides_no_other(model: str) -> None:
    promote(PromoteRequest(model=RegistryRef(model, version="1")))
    for index, text in enumerate(("not json", json.dumps({"alias": "x"}))):
        client().set_registered_model_tag(model, f"{Tag.PROMOTION}{index}", text)
    assert [one.version for one in promotions(model)] == ["1"]


def test_only_versions_of_registered_models_can_be_promoted(model: str) -> None:
    with pytest.raises(UserError, match="not a registered model"):
        promote(PromoteRequest(model="0" * 32))
    with pytest.raises(UserError, match="no such registered model"):
        promote(PromoteRequest(model=RegistryRef(model, version="7")))
    assert promotions(model) == []


def test_a_card_says_what_is_known(model: str) -> None:
    set_version_tags(model, "2", {Tag.LICENCE: "CC BY 4.0", Tag.S_PER_MP: "1.5", Tag.MEASURED_ON: "CPU, 2 threads"})
    new, old = [card_of(version) for version in list_versions()]
    assert (new.leading, new.parameters, new.s_per_mp, new.licence) == (
        "PSNR (dB) 30.20 (n = 8), baseline:bicubic 29.55",
        52000,
        1.5,
        "CC BY 4.0",
    )
    assert (old.s_per_mp, old.licence, old.size_bytes) == (None, "", None)
    assert [(one.name, one.model, one.baseline) for one in old.scores] == [("steel: PSNR (dB)", "29.10 (n = 8)", "")]
    assert (old.address, str(old.ref)) == ("models:/steel-sr/1", "models:/steel-sr/1")
    promote(PromoteRequest(model=old.ref))
    assert card_of(list_versions()[1]).address == "models:/steel-sr@champion"


def test_the_page_promotes_and_shows_the_record(model: str) -> None:
    app = page("models")
    assert_sound(app)
    assert list(app.dataframe[0].value["version"]) == ["2"], "the newest; none is promoted"
    assert not any("address" in text.value for text in app.markdown), "no docstring is shown"
    app = page("models", model=model, version="1")
    assert_sound(app)
    next(button for button in app.button if button.label == "Point the alias to this version").click().run()
    assert_sound(app)
    assert alias_target(model, "champion") == "1"
    log = next(frame.value for frame in app.dataframe if "by" in frame.value)
    assert list(log["on the scores"]) == ["steel: PSNR (dB) 29.10 (n = 8)"]
    assert any("sem-workbench serve models:/steel-sr@champion" in code.value for code in app.code)


def test_card_and_record_show_the_best_baseline_beside_each_score(model: str) -> None:
    promote(PromoteRequest(model=RegistryRef(model, version="2")))
    app = page("models", model=model, version="2")
    assert_sound(app)
    scores = next(frame.value for frame in app.dataframe if "best baseline" in frame.value)
    assert scores.to_dict("records") == [
        {"score": "steel: PSNR (dB)", "mean": "30.20 (n = 8)", "best baseline": "baseline:bicubic 29.55"}
    ]
    log = next(frame.value for frame in app.dataframe if "by" in frame.value)
    assert list(log["on the scores"]) == ["steel: PSNR (dB) 30.20 (n = 8), baseline:bicubic 29.55"]


def test_an_address_without_a_model_is_one_warning(model: str) -> None:
    app = page("models", model="other", version="1")
    assert_sound(app)
    assert "no version 1 of the model other" in app.warning[0].value
