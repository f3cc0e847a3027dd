"""In Chromium: a deep link on a newly started server, then the whole workflow from raw files to a comparison.

Screenshots go to the folder that SEM_SCREENSHOTS names, else to pytest's own temporary folder.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom
from tests.support.accessibility import grave_violations
from tests.support.browser import chromium, dashboard, fill, free_port, needs_chromium, painted, settled, shoot
from tests.support.clicks import Clicks

FEW_CLICKS = 3
"""To the first restored image: the button that opens the dialog for files, the file, and what to do with it."""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),  # two minutes on two quiet cores
    needs_chromium,
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    raw.mkdir()
    for index in range(6):
        kind = list(PHANTOMS)[index % len(PHANTOMS)]
        write_micrograph(raw / f"S{index % 5 + 1}-{kind}.tif", make_phantom(kind, (128, 160), seed=index).micrograph)
    return tmp_path


@pytest.fixture
def server(home: Path) -> Iterator[str]:
    with dashboard(free_port(), home=home) as address:
        yield address


@pytest.fixture
def page(tmp_path: Path):
    with chromium() as browser:
        view = browser.new_page(viewport={"width": 1440, "height": 1100})
        view.set_default_timeout(60_000)
        hosts, refused = set(), []
        view.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        view.on("response", lambda response: refused.append(response.url) if response.status >= 400 else None)
        yield view
        shoot(view, tmp_path, "last")
        assert hosts <= {"localhost", None}, "no page asks for anything from outside"
        assert refused == [], "no page asks for what is not there"


def looked_at(page, tmp_path: Path, name: str, title: str) -> None:
    """Take a picture of a page, and check its tab and that everybody can use it in both themes."""
    settled(page)
    assert page.title() == f"{title} · SEM Workbench"
    shoot(page, tmp_path, name)
    assert grave_violations(page) == []


def test_from_raw_files_to_a_comparison(server: str, home: Path, page, tmp_path: Path) -> None:
    # A deep link is the first visit that this server sees.
    page.goto(f"{server}/train")
    page.get_by_role("heading", name="Train").wait_for()
    page.get_by_text("There is no dataset to train on yet.").wait_for()
    assert page.get_by_text("Page not found").count() == 0
    assert page.get_by_role("link", name="Compare").count() == 1

    # From a new home to a restored image of one's own.
    clicks = Clicks(page)
    page.goto(server)
    opens_dialog = page.get_by_test_id("stFileUploader").locator("button")
    clicks.choose_file(opens_dialog, home / "raw" / "S1-particles.tif")
    page.locator(".sem-viewer .pane").wait_for()
    page.get_by_role("cell", name="160 x 128 px").wait_for()
    page.get_by_role("button", name="Remove noise").wait_for()
    painted(page)
    looked_at(page, tmp_path, "home", "S1-particles.tif")
    page.get_by_role("button", name="Remove noise").press("Enter")
    page.locator(".sem-viewer .pane").nth(1).wait_for()
    page.get_by_text("made by starter:denoise").wait_for()
    assert 1 < clicks.count <= FEW_CLICKS

    page.get_by_role("link", name="Data", exact=True).click()
    fill(page, "Name of the dataset", "phantoms")
    fill(page, "Folder of raw micrographs on the server", str(home / "raw"))
    page.get_by_role("button", name="Look at the files").click()
    page.get_by_text("What would be prepared").wait_for()
    looked_at(page, tmp_path, "data", "Data")
    page.get_by_role("button", name="Prepare the dataset").click()
    page.get_by_text("is ready: 4 training").wait_for()

    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_text("Settings", exact=True).click()
    page.get_by_label("Steps", exact=True).wait_for()
    fill(page, "Steps", "800")
    fill(page, "Batch (patches)", "2")
    fill(page, "Validate every (steps)", "400")
    looked_at(page, tmp_path, "train", "Train")
    page.get_by_role("button", name="Launch").click()
    run_id = _run_id(page)

    # The curve moves while nobody touches the page.
    page.locator(".js-plotly-plot").first.wait_for()
    before = _points(page)
    page.wait_for_function(
        "n => document.querySelector('.js-plotly-plot').data[0].x.length > n", arg=before, timeout=60_000
    )
    page.get_by_text("Finished", exact=True).wait_for(timeout=240_000)
    settled(page)
    page.locator("[data-testid=stImage]").nth(3).wait_for()
    looked_at(page, tmp_path, "runs", "vdsr-x4-small on phantoms")

    # A new browser finds everything by the address.
    page.goto(f"{server}/runs?run={run_id}")
    page.get_by_role("tab", name="Scores").click()
    page.get_by_role("button", name="Score on the test split").click()
    page.get_by_text("Gain over the baselines").wait_for()
    page.get_by_role("tab", name="Scores").click()
    page.get_by_role("button", name="Register as champion").click()
    page.get_by_role("tab", name="Scores").click()
    page.get_by_text("Registered as").wait_for()
    shoot(page, tmp_path, "scores")

    page.get_by_role("link", name="Inference", exact=True).click()
    fill(page, "File or folder on the server", str(home / "raw" / "S1-particles.tif"))
    page.get_by_role("button", name="Restore").click()
    page.locator(".sem-viewer .pane").nth(1).wait_for()
    settled(page)
    result = max((home / "results").rglob("S1-particles.tif"), key=lambda path: path.stat().st_mtime)
    assert _grey_value(page, 640, 300, 200) == read_micrograph(result).pixels[200, 300, 0]
    painted(page)
    looked_at(page, tmp_path, "inference", "Inference")
    assert read_micrograph(result).pixels.shape == (512, 640, 1)
    assert read_micrograph(result).pixel_size_nm == pytest.approx(2.5)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the TIFF").click()
    assert Path(download.value.path()).read_bytes() == result.read_bytes()
    assert download.value.suggested_filename.startswith("S1-particles_"), "the name tells it from the recording"

    page.get_by_role("link", name="Compare", exact=True).click()
    page.get_by_text("has the best mean").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_role("button", name="Show this image through every method").click()
    page.locator(".sem-viewer .pane").nth(2).wait_for()
    settled(page)
    painted(page)
    assert f"runs={run_id[:8]}" in page.url
    looked_at(page, tmp_path, "compare", "Compare")
    page.get_by_text("Figure for a paper").click()
    with page.expect_download() as drawn:
        page.get_by_role("button", name="PDF").click()
    assert Path(drawn.value.path()).read_bytes().startswith(b"%PDF")

    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_text("Click one to open it").wait_for()
    looked_at(page, tmp_path, "models", "Models")

    page.get_by_role("link", name="Study", exact=True).click()
    page.get_by_text("There is no study yet").wait_for()
    looked_at(page, tmp_path, "study", "Study")


def _run_id(page) -> str:
    page.wait_for_function("/run=[0-9a-f]{32}/.test(location.search)")
    return str(page.url).split("run=")[1][:32]


def _grey_value(page, width: int, column: int, row: int) -> int:
    """The native value that the viewer in the browser knows of a pixel of its last image, which is so many px wide."""
    read = """(root, [width, column, row]) => {
        const image = root.shownViewer.viewer.views.findLast((view) => view.image).image
        const tile = (size) => Math.floor(size / image.tilePx)
        return image.tile(0, tile(column), tile(row)).then(({codes, width: across}) => image.width === width
            ? image.value(codes[row * across + column]) : null)
    }"""
    return int(page.locator(".sem-viewer").evaluate(read, [width, column, row]))


def _points(page) -> int:
    return int(page.evaluate("document.querySelector('.js-plotly-plot').data[0].x.length"))
