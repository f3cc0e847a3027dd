"""Home: a micrograph is seen with its facts and restored in one more click; recent work leads to itself."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.home import learning, opened
from pages.widgets.models import model_labels
from pipelines.home import TaskFile, home
from pipelines.jobs.liveness import HOST, describe
from pipelines.people.person import Person
from pipelines.predict.requests import PredictRequest
from pipelines.request import Request
from pipelines.tracking.keys import Experiment
from pipelines.tracking.runs import create_run, set_status
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.pages import assert_sound, page


@pytest.fixture
def recording(sem_home: Path) -> Path:
    grey = np.random.default_rng(0).poisson(np.full((128, 160), 8.0)) / 20 * 255
    path = sem_home / "S1-[a](b).tif"
    facts = {"voltage_kv": 5.0, "detector": "SE2", "instrument": "![x](http://outside.example/x.png)"}
    write_micrograph(path, Micrograph(np.rint(grey).clip(0, 255).astype(np.uint8)[..., None], 2.5, facts))
    return path


def facts_of(app: AppTest) -> dict[str, str]:
    return dict(app.table[0].value.iloc[:, 0])


def task(use_case: str, request: dict[str, str], ended: dict[str, object] | None = None) -> str:
    """Write the folder of a task of this process, as the process that carries it out would."""
    task_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{use_case}-{os.urandom(3).hex()}"
    folder = home().tasks / task_id
    folder.mkdir(parents=True)
    process = describe(os.getpid())
    files: dict[str, object] = {
        TaskFile.REQUEST: {"use_case": use_case, "request": request, "started": time.time()},
        TaskFile.PROCESS: {"host": HOST, "pid": os.getpid(), "started": process.started},
    }
    for name, content in (files | ({TaskFile.ENDED: ended} if ended else {})).items():
        (folder / name).write_text(json.dumps(content))
    return task_id


def links(app: AppTest) -> dict[str, str]:
    """Where each link of the page leads, by its label without the signs that keep names from being Markdown."""
    found = (link.proto for link in app.get("page_link"))
    return {link.label.replace("\\", ""): f"{link.page}?{link.query_string}" for link in found}


def test_a_new_home_asks_for_a_micrograph_and_shows_no_metrics(sem_home: Path) -> None:
    app = page("home")
    assert_sound(app)
    assert not app.metric
    assert [box.proto.label for box in app.get("file_uploader")] == ["Drop a micrograph here"]


def test_an_opened_file_is_shown_with_its_facts(recording: Path) -> None:
    app = page("home", file=str(recording))
    assert_sound(app)
    facts = facts_of(app)
    assert facts["Size"] == "160 x 128 px (400 nm x 320 nm)"
    assert (facts["Pixel size"], facts["Bit depth"], facts["Voltage"]) == ("2.5 nm", "8 bit", "5 kV")
    assert facts["Detector"] == "SE2"
    assert "for its contrast as of " in facts["Noise"]
    assert facts["Data bar"] == "none found"
    assert "![x](" not in facts["Instrument"], "what a file says is text: no picture is fetched from outside"
    # The viewer of the picture and the watch of the connection.
    assert len(app.get("bidi_component")) == 2


def test_a_path_that_is_typed_stands_in_the_address(recording: Path) -> None:
    app = page("home")
    app.text_input(key="home-path").input(str(recording)).run()
    assert app.query_params["file"] in (str(recording), [str(recording)])
    assert facts_of(app)["Voltage"] == "5 kV"
    next(button for button in app.button if button.label == "Another micrograph").click().run()
    assert "file" not in app.query_params
    assert app.get("file_uploader")


def test_one_click_restores(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []

    def start(request: Request, by: Person) -> str:
        asked.append(request)
        return task("predict", {"model": "starter:denoise"})

    monkeypatch.setattr(opened, "start_task", start)
    app = page("home", file=str(recording))
    next(button for button in app.button if button.label == "Remove noise").click().run()
    (request,) = asked
    assert isinstance(request, PredictRequest)
    assert (str(request.model), request.inputs) == ("starter:denoise", (recording,))
    assert app.title[0].value == "Inference"
    assert app.query_params["predict"]


def test_an_image_that_is_unlike_what_the_models_know_is_warned_of_before_the_click(sem_home: Path) -> None:
    y, x = np.mgrid[:160, :160]
    grey = np.random.default_rng(0).poisson((0.5 + 0.4 * np.cos(0.8 * x) * np.cos(0.7 * y)) * 50) / 50 * 255
    path = sem_home / "lattice.tif"
    write_micrograph(path, Micrograph(grey.clip(0, 255).astype(np.uint8)[..., None], 0.02))
    app = page("home", file=str(path))
    assert_sound(app)
    assert any("unlike those that the model learned from" in box.value for box in app.warning)
    assert any("starter:denoise-stem" in caption.value for caption in app.caption)
    targets = [link.proto.query_string for link in app.get("page_link")]
    assert any("model=starter%3Adenoise-stem" in target for target in targets)


def test_settings_open_inference_with_model_and_file(recording: Path) -> None:
    targets = [
        f"{link.proto.page}?{link.proto.query_string}" for link in page("home", file=str(recording)).get("page_link")
    ]
    assert any("model=starter%3Adenoise" in target and "file=" in target for target in targets)
    app = page("inference", model="baseline:nlm", file=str(recording))
    assert_sound(app)
    assert app.selectbox(key="model").value == "baseline:nlm"
    assert app.text_input(key="infer-folder").value == str(recording)


@pytest.mark.parametrize("content", [None, b"no image at all"])
def test_an_unreadable_file_is_one_sentence(sem_home: Path, content: bytes | None) -> None:
    path = sem_home / "broken.tif"
    if content:
        path.write_bytes(content)
    app = page("home", file=str(path))
    assert not app.exception
    assert len(app.error) == 1
    assert "broken.tif" in app.error[0].value
    assert any(button.label == "Another micrograph" for button in app.button)


def test_a_simulated_micrograph_is_at_hand(sem_home: Path) -> None:
    app = page("home")
    next(button for button in app.button if button.label == "Try a simulated micrograph").click().run()
    assert_sound(app)
    assert facts_of(app)["Size"].startswith("1,024 x 768 px")
    assert facts_of(app)["Noise"].endswith("for its contrast as of about 10 electrons per pixel")


def test_recent_work_leads_to_itself(sem_home: Path) -> None:
    outputs = [{"source": "/data/S1.tif", "output": "/x/S1.tif"}, {"source": "/data/S2.tif", "output": None}]
    done = task("predict", {"model": "starter:denoise"}, {"status": 0, "result": {"results": outputs}})
    task("predict", {"model": "baseline:tv"}, {"status": 2, "result": None})
    run_id = create_run("sem", "steel, first try", "training", {}, {})
    set_status(run_id, "FINISHED")
    found = links(page("home"))
    (result,) = [target for label, target in found.items() if label.startswith("S1.tif, starter:denoise")]
    assert result.endswith(f"?predict={done}")
    assert not any("baseline:tv" in label for label in found)
    (run,) = [target for label, target in found.items() if label.startswith("steel, first try, finished")]
    assert run.endswith(f"?run={run_id}")


def test_models_of_a_lesson_come_after_those_of_the_program(sem_home: Path) -> None:
    """Inference begins with the first one."""
    assert next(iter(model_labels())) == "starter:denoise"
    lesson = create_run(Experiment.DEMO, "toy", "training", {}, {})
    set_status(lesson, "FINISHED")
    assert next(iter(model_labels())) == "starter:denoise"
    own = create_run("sem", "own", "training", {}, {})
    set_status(own, "FINISHED")
    listed = list(model_labels())
    assert listed[0] == own
    assert listed.index("starter:denoise") < listed.index(lesson) < listed.index("baseline:bicubic")


def test_a_lesson_that_runs_is_not_offered_again(sem_home: Path) -> None:
    running = task(learning.LESSON, {})
    app = page("home")
    assert app.query_params["lesson"] in (running, [running])
    assert not any(button.label == "Start the lesson" for button in app.button)
