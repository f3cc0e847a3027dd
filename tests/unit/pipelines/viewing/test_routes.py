"""What the server answers: exact pixels to who holds a ticket, nothing to anybody else."""

from collections.abc import Iterator

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages.widgets.viewer.assets import VERSION, asset_route
from pipelines.people.person import local_person
from pipelines.viewing.codes import encode
from pipelines.viewing.pyramid import ImageFacts, build_pyramid
from pipelines.viewing.routes import image_routes
from pipelines.viewing.tickets import OFFICE, Ticket
from sem_models.errors import UserError

RNG = np.random.default_rng(2)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    yield TestClient(Starlette(routes=[asset_route(), *image_routes()]))


def ticket(grey: np.ndarray) -> Ticket:
    return OFFICE.issue(lambda: build_pyramid(*encode(grey), ImageFacts(str(grey.dtype), 2.5)), local_person())


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiles_are_the_exact_pixels(client: TestClient, dtype: type, encoding: str) -> None:
    grey = RNG.integers(0, np.iinfo(dtype).max, (700, 600), dtype, endpoint=True)
    held = ticket(grey)
    about = client.get(f"/view/{held.token}").json()
    assert (about["width"], about["height"], about["levels"]) == (600, 700, 3)
    joined = np.zeros_like(grey)
    for row in (0, 1):
        for column in (0, 1):
            answer = client.get(f"/view/{held.token}/tile/0/{column}/{row}", headers={"accept-encoding": encoding})
            top, left = max(0, row * 512 - 1), max(0, column * 512 - 1)
            height, width = min(700, row * 512 + 513) - top, min(600, column * 512 + 513) - left
            planes = np.frombuffer(answer.content, np.uint8).reshape(-1, height, width).astype(dtype)
            part = planes[0] if dtype == np.uint8 else planes[0] * dtype(256) + planes[1]
            joined[top : top + height, left : left + width] = part
            assert answer.headers.get("content-encoding", "identity") == encoding
    np.testing.assert_array_equal(joined, grey)


def test_nothing_without_a_ticket(client: TestClient) -> None:
    held = ticket(np.zeros((300, 300), np.uint8))
    token = held.token
    assert client.get(f"/view/{token}").status_code == 200
    for wrong in ("nonsense", token[:-1], f"{token}x", "..", "%2e%2e%2fetc%2fpasswd"):
        for rest in ("", "/tile/0/0/0", "/profile?x0=0&y0=0&x1=9&y1=9"):
            answer = client.get(f"/view/{wrong}{rest}")
            assert answer.status_code == 404
    for absent in (
        "tile/9/0/0",
        "tile/0/7/0",
        "tile/0/0/1",
        "tile/0/0/-1",
        "difference/nonsense?left=0&top=0&right=9&bottom=9",
    ):
        assert client.get(f"/view/{token}/{absent}").status_code == 404
    assert client.get(f"/view/{token}/profile?x0=0&y0=zero&x1=1&y1=1").status_code == 400
    del held
    assert client.get(f"/view/{token}").status_code == 404, "the ticket ended with its holder"


def test_tickets_of_two_sessions_differ() -> None:
    grey = np.zeros((4, 4), np.uint8)
    assert len({ticket(grey).token, ticket(grey).token}) == 2


def test_an_image_that_cannot_be_opened_says_why(client: TestClient) -> None:
    def opening() -> None:
        raise UserError("a.tif: cut short; copy it again.")

    held = OFFICE.issue(opening, local_person())  # type: ignore[arg-type]
    answer = client.get(f"/view/{held.token}")
    assert (answer.status_code, answer.text) == (422, "a.tif: cut short; copy it again.")


def test_profile_and_difference_of_two_images(client: TestClient) -> None:
    ramp = np.tile(np.arange(100, dtype=np.uint8), (50, 1))
    first, second = ticket(ramp), ticket(ramp - ramp // 2)
    values = client.get(f"/view/{first.token}/profile?x0=10.5&y0=9.5&x1=20.5&y1=9.5").json()["values"]
    assert values == list(range(10, 21))
    field = "left=0&top=0&right=100&bottom=50"
    found = client.get(f"/view/{first.token}/difference/{second.token}?{field}").json()
    assert found["rms"] == pytest.approx(np.sqrt(((ramp // 2) ** 2.0).mean()))


def test_only_listed_assets_are_served(client: TestClient) -> None:
    assert "OpenSeadragon" in client.get(f"/viewer/{VERSION}/openseadragon.min.js").text
    for name in ("component.py", "..%2fassets.py", "nothing.js"):
        assert client.get(f"/viewer/{VERSION}/{name}").status_code == 404
    assert client.get("/viewer/0/viewer.js").status_code == 404
