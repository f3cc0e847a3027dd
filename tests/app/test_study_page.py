"""Study page: blinded, answered by buttons with keys, resumable, and without results while a rater is answering."""

import base64
import json
import re
from collections.abc import Iterator

import pytest
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from pipelines.study.answers import answers_of, next_trial
from pipelines.study.order import order_for
from pipelines.study.studies import Study, picture_files
from sem_models.datasets.dataset import Dataset
from tests.support.empty_store import add_empty_store
from tests.support.pages import assert_sound, page
from tests.support.studies import home_with_images, sit, small_study


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    yield from home_with_images(add_empty_store(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def study(dataset: Dataset) -> Study:
    return small_study(realism=("texture",))


def tree(app: AppTest) -> str:
    """Everything that is sent to the browser: all elements and containers of the page with their properties."""

    def words(node: object) -> Iterator[str]:
        proto = getattr(node, "proto", None)
        if proto is not None:
            yield json.dumps(MessageToDict(proto))
        for child in getattr(node, "children", {}).values():
            yield from words(child)

    return "\n".join(words(app._tree))


def shown_pictures(app: AppTest) -> list[bytes]:
    (html,) = [element for element in app.get("html") if "<img" in element.proto.body]
    return [base64.b64decode(text) for text in re.findall(r'src="data:image/png;base64,([^"]+)"', html.proto.body)]


def button(app: AppTest, label: str) -> object:
    return next(found for found in app.button if found.label == label)


def test_a_rater_enters_a_name_and_sees_the_first_trial(study: Study) -> None:
    app = page("study")
    assert_sound(app)
    assert any("10 trials" in text.value for text in app.markdown)
    assert "<img" not in tree(app)
    app.text_input(key="rater-name").input("Dora")
    button(app, "Begin").click().run()
    assert_sound(app)
    assert app.query_params["rater"] in ("dora", ["dora"])
    assert "1 of 10" in tree(app)
    assert shown_pictures(app) == picture_files(study, order_for(study, "dora")[0].items)


def test_nothing_on_the_page_tells_which_is_real(study: Study) -> None:
    """All ten trials: apart from its pixels, a page contains no name of a model, image or item, and no hint."""
    looks: dict[tuple[str, ...], set[str]] = {}
    while shown := next_trial(study, "eve"):
        app = page("study", rater="eve", of=study.run_id)
        assert_sound(app)
        text = tree(app)
        hidden = [study.definition.digest, str(study.definition.seed), *study.definition.labels]
        hidden += [word for item in study.key.items for word in (item.id, item.image)] + list(study.trials)
        assert not [word for word in hidden if word in text]
        files = shown_pictures(app)
        assert len({len(file) for file in files}) == 1
        bare = re.sub(r"base64,[^\"\\]+", "base64,", text).replace(f"{shown.position} of 10", "N of 10")
        bare = re.sub(rf"-{shown.position}\b", "-N", bare)
        looks.setdefault((shown.trial.question,), set()).add(_without_random(bare))
        sit(study, "eve", most=1)
    assert {question: len(found) for question, found in looks.items()} == {("pair",): 1, ("single",): 1}


def _without_random(text: str) -> str:
    """Without the ids that Streamlit derives from the keys, and without the progress bar."""
    return re.sub(r'"value": \d+, |\$\$ID-[0-9a-f]+|"formId": "[^"]*"', "", text)


def test_an_address_of_no_study_opens_no_other_one(study: Study) -> None:
    app = page("study", of="garbage")
    assert not app.exception
    assert "does not exist" in app.warning[0].value
    assert app.selectbox(key="chosen").value is None
    assert not app.text_input, "nobody is asked to take part in a study that was not meant"


def test_buttons_answer_and_the_page_moves_on(study: Study) -> None:
    app = page("study", rater="fay", of=study.run_id)
    for position, shown in enumerate(order_for(study, "fay"), 1):
        assert f"{position} of 10" in tree(app)
        if shown.trial.question == "pair":
            button(app, "Right").click().run()
        else:
            assert not [found for found in app.button if found.label == "4"]
            button(app, "Generated").click().run()
            app.segmented_control(key=f"grade-{position}-0").set_value(2).run()
            button(app, "4").click().run()
        assert_sound(app)
        assert len(answers_of(study, "fay")) == position
    given = answers_of(study, "fay")
    assert {(a.answer, a.confidence, tuple(a.realism.items())) for a in given} == {
        ("right", None, ()), ("generated", 4, (("texture", 2),)),
    }  # fmt: skip
    assert any("all 10 answers are stored" in box.value for box in app.success)


def test_keys_are_arrows_and_numbers(study: Study) -> None:
    seen = set()
    while shown := next_trial(study, "gus"):
        app = page("study", rater="gus", of=study.run_id)
        if shown.trial.question == "single":
            button(app, "Real").click().run()
            app.segmented_control(key=f"grade-{shown.position}-0").set_value(3).run()
        seen |= {(found.label, found.proto.shortcut) for found in app.button if found.proto.shortcut}
        sit(study, "gus", most=1)
        if len(seen) == 9:
            break
    assert seen == {("Left", "left"), ("Right", "right"), ("Real", "left"), ("Generated", "right")} | {
        (number, number) for number in "12345"
    }


def test_results_stay_closed_until_the_rater_is_through(study: Study) -> None:
    sit(study, "hal", most=2)
    app = page("study", rater="hal", of=study.run_id)
    app.segmented_control(key="view").set_value("Results").run()
    assert any("results open when" in box.value for box in app.info)
    assert not app.dataframe
    sit(study, "hal")
    app.run()
    assert not app.dataframe, "not before somebody opens the key"
    app.toggle[0].set_value(True).run()
    assert_sound(app)
    assert any("fool rate" in table.value for table in app.dataframe)
    assert len(app.get("plotly_chart")) == 1


def test_a_new_study_is_asked_for_by_a_request(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("pages.widgets.tasks.start_task", lambda request, by: asked.append(request) or "task")
    app = page("study")
    app.segmented_control(key="view").set_value("New study").run()
    assert button(app, "Make the study").disabled
    app.text_input(key="study-name").input("second")
    app.multiselect(key="models").select("baseline:bicubic").run()
    button(app, "Make the study").click().run()
    (request,) = asked
    plain = {"name": "second", "dataset": "small", "models": ["baseline:bicubic"], "questions": ["pair"]}
    assert plain.items() <= request.model_dump(mode="json").items()
    assert request.catch_trials == 10
