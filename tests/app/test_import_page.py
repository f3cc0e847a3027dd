"""A model from elsewhere by the form on the Models page: uploaded or named, recognised, and ready to restore."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.models import importing
from pages.widgets import tasks
from pipelines.cli.release import import_model
from pipelines.cli.task import TaskOutput
from pipelines.jobs.tasks import TaskState
from pipelines.people.person import Person, local_person
from pipelines.release.requests import ImportRequest
from pipelines.request import Request
from pipelines.tracking.keys import Tag
from pipelines.tracking.versions import list_versions
from sem_models.errors import Message
from tests.support.foreign_models import published, saved
from tests.support.pages import assert_sound, page


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ImportRequest]:
    """Requests that the page starts, which are not carried out."""
    requests: list[ImportRequest] = []

    def start(request: Request, by: Person) -> str:
        assert isinstance(request, ImportRequest)
        requests.append(request)
        return "20300101-000000-import-abcdef"

    monkeypatch.setattr(tasks, "start_task", start)
    return requests


def press(app: AppTest) -> AppTest:
    return next(button for button in app.button if button.label == "Import").click().run()


def test_an_uploaded_file_is_asked_for_with_name_and_licence(sem_home: Path, asked: list[ImportRequest]) -> None:
    app = page("models")
    assert next(button for button in app.button if button.label == "Import").disabled
    app.file_uploader(key="import-file").set_value(("their x4.safetensors", b"weights", "application/octet-stream"))
    app.run()
    app.text_input(key="import-licence").input("MIT")
    press(app)
    (request,) = asked
    assert (request.name, request.licence, request.task) == ("their x4", "MIT", None)
    assert request.file.read_bytes() == b"weights"
    assert request.file.is_relative_to(sem_home / "uploads")


def test_a_file_on_the_server_and_a_name_that_no_model_can_have(sem_home: Path, asked: list[ImportRequest]) -> None:
    app = page("models")
    app.text_input(key="import-path").input(str(sem_home / "net.pth")).run()
    app.text_input(key="import-name-net.pth").input("../net")
    press(app)
    assert asked == []
    (box,) = app.error
    assert box.value.startswith("*Name*")
    app.text_input(key="import-name-net.pth").input("net")
    app.selectbox(key="import-task").set_value("refocusing")
    press(app)
    assert [(request.file.name, request.name, request.task) for request in asked] == [("net.pth", "net", "refocusing")]


def test_what_was_recognised_is_shown_with_the_way_to_use_it(
    sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(published("Compact", num_feat=4, num_conv=1, upscale=2), tmp_path / "theirs.pth")
    out = TaskOutput()
    import_model(ImportRequest(file=file, name="theirs", licence="CC0"), out)
    (version,) = list_versions()
    assert version.tags[Tag.LICENCE] == "CC0"

    found = out.outcome["result"]
    done = TaskState("an-id", "import", {}, "done", "", 0, 0, "", 0.0, found, Message(""), 0.0, local_person().id)
    monkeypatch.setattr(importing, "watched", lambda key: done)
    app = page("models", **{"import": "an-id"})
    assert_sound(app)
    facts = dict(app.table[0].value.iloc[:, 0])
    assert (facts["Architecture"], facts["Scale"], facts["Licence"]) == (
        "RealESRGAN Compact",
        "enlarges 2 times",
        "CC0",
    )
    assert facts["Channels"].startswith("3 channels")
    assert float(facts["Largest difference from the original's output"].split()[0]) <= 1e-5
    targets = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert targets["Restore with it"] == "model=models%3A%2Ftheirs%40champion"

    app = page("models", model="theirs", version=str(version.ref.version))
    assert_sound(app)
    card = next(one.value for one in app.dataframe if "fact" in one.value)
    facts = dict(zip(card["fact"], card["value"], strict=True))
    assert (facts["Imported from"], facts["Architecture"]) == ("theirs.pth", "RealESRGAN Compact")
    assert "Recipe" not in facts, "there was no training of ours"
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert links["Its import"].startswith("run=")
    assert "theirs" in links["Apply it"]
