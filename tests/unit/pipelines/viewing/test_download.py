"""Many files as one: byte for byte, to who holds a ticket, without holding them in memory."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipelines.jobs.tasks import TaskState
from pipelines.people.person import local_person
from pipelines.predict.results import packed_results
from pipelines.viewing.archive import Archive
from pipelines.viewing.download import download_route
from pipelines.viewing.downloads import FileDownload, MadeDownload
from pipelines.viewing.tickets import DOWNLOADS
from sem_models.errors import Message, UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

RNG = np.random.default_rng(5)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[download_route()]))


def done(out: Path, *results: dict[str, object]) -> TaskState:
    request = {"model": "starter:denoise", "out": str(out), "inputs": ["session"]}
    return TaskState(
        "id", "predict", request, "done", "", 1, 1, "files", 0.0, {"results": list(results)}, Message(), 0.0, ""
    )


def test_a_folder_of_results_arrives_as_it_lies_on_the_disk(client: TestClient, tmp_path: Path) -> None:
    grey = RNG.integers(0, 65535, (40, 30, 1), np.uint16)
    for name in ("größe 1.tif", "b.tif", "std/b-std.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_micrograph(tmp_path / name, Micrograph(grey, 2.5))
    results = (
        {"source": "a", "output": str(tmp_path / "größe 1.tif"), "error": None},
        {"source": "b", "output": str(tmp_path / "b.tif"), "std": str(tmp_path / "std/b-std.tif"), "error": None},
        {"source": "c", "output": None, "error": "no image"},
    )
    held = DOWNLOADS.issue(lambda: packed_results(done(tmp_path, *results)), local_person())
    answer = client.get(f"/download/{held.token}")
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{tmp_path.name}.zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    assert set(packed.namelist()) == {"settings.json", "größe 1.tif", "b.tif", "std/b-std.tif"}
    packed.extractall(tmp_path / "again")
    image = read_micrograph(tmp_path / "again" / "größe 1.tif")
    np.testing.assert_array_equal(image.pixels, grey)
    assert (image.pixels.dtype, image.pixel_size_nm) == (np.uint16, 2.5)
    told = json.loads(packed.read("settings.json"))
    assert told["request"]["model"] == "starter:denoise"
    assert [one["source"] for one in told["results"]] == ["a", "b", "c"], "what failed is told as well"


def test_nothing_but_a_ticket_leads_to_files(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"x")
    held = DOWNLOADS.issue(lambda: Archive("all.zip", {"a.tif": tmp_path / "a.tif"}), local_person())
    token = held.token
    assert client.get(f"/download/{token}").status_code == 200
    for wrong in (f"{token}x", token[:-1], "..", "%2e%2e%2fa.tif"):
        assert client.get(f"/download/{wrong}").status_code == 404
    del held
    assert client.get(f"/download/{token}").status_code == 404, "the session has ended"


def test_a_lost_file_is_one_line_before_anything_is_sent(client: TestClient, tmp_path: Path) -> None:
    held = DOWNLOADS.issue(lambda: Archive("all.zip", {"a.tif": tmp_path / "a.tif"}), local_person())
    answer = client.get(f"/download/{held.token}")
    assert answer.status_code == 422
    assert "a.tif: no longer on the disk" in answer.text


def test_pieces_are_small_whatever_the_files_are(tmp_path: Path) -> None:
    for index in range(3):
        (tmp_path / f"{index}.tif").write_bytes(RNG.bytes(3 << 20))
    files = {path.name: path for path in sorted(tmp_path.iterdir())}
    pieces = list(Archive("all.zip", files).pieces())
    assert max(map(len, pieces)) < (1 << 20) + 1000
    packed = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert all(packed.read(name) == path.read_bytes() for name, path in files.items())


def test_one_file_arrives_byte_for_byte(client: TestClient, tmp_path: Path) -> None:
    content = RNG.bytes((3 << 20) + 17)
    path = tmp_path / "größe.tif"
    path.write_bytes(content)
    held = DOWNLOADS.issue(lambda: FileDownload(path, "image/tiff"), local_person())
    for _ in range(2):  # people click twice
        answer = client.get(f"/download/{held.token}")
        assert answer.content == content
        assert answer.headers["content-type"] == "image/tiff"
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.tif"
    path.unlink()
    assert client.get(f"/download/{held.token}").status_code == 422


def test_a_file_that_is_made_is_made_for_each_click_and_says_why_it_cannot_be(client: TestClient) -> None:
    made: list[str] = []

    def make(text: str) -> bytes:
        if made:
            raise UserError("The pictures are no longer there.")
        made.append(text)
        return text.encode()

    held = DOWNLOADS.issue(lambda: MadeDownload("a.pdf", "application/pdf", make, ("report",)), local_person())
    assert client.get(f"/download/{held.token}").content == b"report"
    answer = client.get(f"/download/{held.token}")
    assert (answer.status_code, answer.text) == (422, "The pictures are no longer there.")
