"""The discriminator test on the compare page."""

from pathlib import Path

import pytest

from pipelines.evaluate.requests import DiscriminateRequest
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import set_tags
from sem_models.evaluation.discriminator.auc import Auc
from sem_models.evaluation.discriminator.report import ClassifierSettings, DiscriminatorReport, KernelDistance
from tests.support.pages import assert_sound, page
from tests.support.scored_runs import three_runs


@pytest.fixture
def runs(sem_home: Path) -> dict[str, str]:
    return three_runs()


def store(run_id: str, value: float, **changes: object) -> None:
    def auc(value: float) -> Auc:
        return Auc(value=value, lo=value - 0.04, hi=value + 0.04, per_seed=(value,) * 3, resampled="groups")

    content = {
        "model": run_id, "dataset": "set", "digest": "d" * 20, "splits": ("val", "test"), "training_images": 0,
        "settings": ClassifierSettings(), "images": 8, "groups": 4, "auc": auc(value), "auc_patches": auc(value - 0.1),
        "sanity": auc(0.51), "sanity_patches": auc(0.5), "notes": ("Few groups.",),
        "kernel": KernelDistance("VGG16 relu4_3, 128 px", 0.0123, 0.01, 0.02, 4, 72),
    }  # fmt: skip
    report = DiscriminatorReport(**{**content, **changes})
    put_text(run_id, "discriminator/set-val-test.json", report.model_dump_json())


def tables(app) -> list:
    return [frame.value for frame in app.dataframe if "real against real" in frame.value]


def test_tests_of_one_setting_stand_side_by_side(runs: dict[str, str]) -> None:
    store(runs["good"], 0.97)
    store(runs["fair"], 0.75)
    store(runs["poor"], 0.55, settings=ClassifierSettings(steps=7))
    app = page("compare")
    assert_sound(app)
    (table,) = tables(app)
    assert [name.split()[0] for name in table["model"]] == ["fair", "good"], "the lowest AUC first"
    assert list(table["AUC, images → 0.5"]) == ["0.75 [0.71, 0.79]", "0.97 [0.93, 1.01]"]
    assert list(table["real against real"]) == ["0.51 [0.47, 0.55]"] * 2
    assert list(table["Kernel distance (VGG16 relu4_3, 128 px) ↓"]) == ["0.0123 [0.01, 0.02]"] * 2
    assert list(table["real against real, patches"]) == ["0.50 [0.46, 0.54]"] * 2
    tested = "8 images of 4 groups (val, test), 3 seeds, interval over groups"
    assert any(tested in caption.value for caption in app.caption)
    said = [box.value for box in app.warning]
    assert any(text.startswith("poor") and "no discriminator test of this setting" in text for text in said)
    assert said.count("Few groups.") == 1
    assert not any("earlier version" in text for text in said)


def test_tests_of_an_earlier_version_are_labelled(runs: dict[str, str]) -> None:
    store(runs["good"], 0.97, version=1)
    app = page("compare")
    assert any("earlier version" in box.value for box in app.warning)


def test_without_tests_there_is_no_section(runs: dict[str, str]) -> None:
    store(runs["good"], 0.97, digest="another dataset")
    app = page("compare")
    assert_sound(app)
    assert tables(app) == []
    assert "Discriminator test" not in [header.value for header in app.subheader]


def test_models_that_invent_detail_can_be_tested_from_the_page(
    runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[DiscriminateRequest] = []
    monkeypatch.setattr("pages.widgets.discriminations.launch", lambda key, request: launched.append(request))
    set_tags(runs["good"], {Tag.TASK: "translation"})
    app = page("compare")
    assert_sound(app)
    assert not app.code, "no command to type"
    app.button(key="discriminate-start").click().run()
    (request,) = launched
    assert request == DiscriminateRequest(models=(runs["good"],), dataset="set")
