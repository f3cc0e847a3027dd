"""What the Inference page hands to the viewer: which images, compared with what, and one ticket for each session."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.people.person import local_person
from pipelines.viewing.tickets import OFFICE
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support import pages  # noqa: F401  (searches for components of Streamlit once)

RNG = np.random.default_rng(0)


def show(folder: str, restored: bool, abstention: bool) -> None:
    from pathlib import Path

    from pages.inference.result import Beside, MadeFrom, show_result

    place = Path(folder)
    made = MadeFrom(place / "input.tif", 0, "steel-sr", restored)
    show_result(place / "output.tif", made, Beside(place / "abstention.tif" if abstention else None))


def shown(folder: Path, restored: bool = True, abstention: bool = False) -> AppTest:
    run = AppTest.from_function(show, kwargs={"folder": str(folder), "restored": restored, "abstention": abstention})
    app = run.run(timeout=60)
    assert not app.exception
    return app


def data(app: AppTest) -> dict[str, Any]:
    (component,) = app.get("bidi_component")
    content: dict[str, Any] = json.loads(component.proto.json)
    return content


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An input with a data bar of 8 rows, 40 nm per pixel."""
    monkeypatch.setenv("SEM_HOME", str(tmp_path))
    write_micrograph(tmp_path / "input.tif", Micrograph(RNG.integers(0, 65535, (48, 30, 1), np.uint16), 40.0))
    return tmp_path


def write_output(folder: Path, scale: int, dtype: type = np.uint16) -> None:
    pixels = RNG.integers(0, 250, (40 * scale, 30 * scale, 1)).astype(dtype)
    write_micrograph(folder / "output.tif", Micrograph(pixels, 40.0 / scale))
    write_micrograph(folder / "abstention.tif", Micrograph(np.full((40, 30, 1), 0.25, np.float32)))


def test_an_enlargement_is_compared_with_the_bicubic_one(files: Path) -> None:
    write_output(files, 4)
    app = shown(files)
    assert app.caption[0].value == (
        "Input 30 x 40 px, 40 nm per pixel, 16 bit; output 120 x 160 px, 10 nm per pixel, 16 bit."
    )
    told = data(app)
    assert [image["label"] for image in told["images"]] == ["As recorded", "Bicubic x4", "steel-sr"]
    assert told["differences"] == [{"label": "Difference from bicubic", "of": 2, "minus": 1}]
    assert (told["overlays"], told["shown"]) == ([], [0, 2])
    sizes = [OFFICE.opened(image["address"].split("/")[-1], local_person()).levels[0].shape for image in told["images"]]
    assert sizes == [(40, 30), (160, 120), (160, 120)], "all show the field of the output"


def test_a_restoration_of_the_same_size_is_compared_with_its_input(files: Path) -> None:
    write_output(files, 1)
    app = shown(files, abstention=True)
    told = data(app)
    assert told["differences"] == [{"label": "Difference from input", "of": 1, "minus": 0}]
    assert [overlay["label"] for overlay in told["overlays"]] == ["Response", "Left as recorded"]
    assert [told["images"][overlay["on"]]["label"] for overlay in told["overlays"]] == ["steel-sr"] * 2
    maps = [OFFICE.opened(overlay["address"].split("/")[-1], local_person()) for overlay in told["overlays"]]
    assert [one.levels[0].shape for one in maps] == [(40, 30)] * 2
    assert maps[1].summary.mean == pytest.approx(0.25)


def test_a_translation_has_units_and_a_window_of_its_own(files: Path) -> None:
    write_output(files, 1, np.float32)
    told = data(shown(files, restored=False))
    assert told["differences"] == []
    first, second = (image["units"] for image in told["images"])
    assert first != second


def test_a_rerun_keeps_the_tickets_and_another_session_gets_its_own(files: Path) -> None:
    write_output(files, 1)
    app = shown(files)
    before = data(app)
    assert data(app.run()) == before
    addresses = [{image["address"] for image in told["images"]} for told in (before, data(shown(files)))]
    assert not addresses[0] & addresses[1]
