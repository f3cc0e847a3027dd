"""Pages of the dashboard, run without a browser."""

from functools import cache
from pathlib import Path

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]

# Each page would otherwise search all installed packages for components of Streamlit, in 0.4 s: as long as drawing it.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "dashboard.py"), default_timeout=90)
    app.run()
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page(f"{name}/page.py").run()


def open_tab(app: AppTest, run_id: str, tab: str) -> AppTest:
    """The page of a run with another tab open; of tabs only the open one is drawn."""
    app.session_state[f"tabs-{run_id}"] = tab
    return app.run()


def unfolded_comparison() -> AppTest:
    """The Compare page with its statistics and the scores of every image, which are drawn once they are unfolded."""
    app = page("compare")
    app.session_state["statistics-fold"] = app.session_state["images-fold"] = True
    return app.run()


def train_page(recipe: str) -> AppTest:
    """The Train page with a recipe chosen, whether it fits the dataset or not."""
    app = page("train")
    app.toggle(key="unfit").set_value(True).run()
    return app.selectbox(key="recipe").set_value(recipe).run()


def assert_sound(app: AppTest) -> None:
    assert not app.exception, app.exception
    assert not app.error, [box.value for box in app.error]
    assert app.title
