"""Pages of trainings without pairs: there is no target to show and no PSNR curve."""

from pathlib import Path

import pytest

from pipelines.tracking.artifacts import samples
from pipelines.train.warm_start import pixel_end
from sem_models.errors import UserError
from tests.support.domains import unpaired
from tests.support.images import smooth_images
from tests.support.pages import assert_sound, open_tab, page, train_page
from tests.support.small_recipes import short
from tests.support.trained_runs import train_run


@pytest.fixture
def run_id(sem_home: Path) -> str:
    """A finished training on two domains."""
    images = smooth_images(10, 64)
    unpaired(sem_home, images[:5], images[5:])
    return train_run(short("cyclegan-denoise-small", "train.patch=32"), "u", "sem")


def test_a_run_without_truth_shows_what_there_is(run_id: str) -> None:
    assert samples(run_id).panels == {"input", "output"}
    app = page("runs", run=run_id)
    assert_sound(app)
    assert len(app.get("image")) == 2
    assert len(app.get("plotly_chart")) == 5, "losses, correlation, beliefs, contrast and diversity, checkerboard"
    headings = [text.value for text in app.markdown]
    assert any("Correlation of validation outputs" in text for text in headings)
    assert not any("PSNR" in text for text in headings)
    assert any("of the input" in caption.value for caption in app.caption)
    open_tab(app, run_id, "Scores")
    assert not any("Score" in button.label for button in app.button), "it could only fail"
    assert any("no reference to score against" in caption.value for caption in app.caption)
    assert_sound(page("runs"))
    assert_sound(page("compare"))
    with pytest.raises(UserError, match="no finished pixel stage"):
        pixel_end(run_id)


def test_settings_of_a_cycle_are_named_where_they_act(run_id: str) -> None:
    app = train_page("cyclegan-denoise-small")
    key = "cyclegan-denoise-small"
    app.number_input(key=f"lr-{key}").set_value(1e-4)
    app.number_input(key=f"id-{key}").set_value(0.8).run()
    assert_sound(app)
    changed = " ".join(caption.value for caption in app.caption)
    assert "`adversarial.optimiser.lr=0.0001`" in changed
    assert "`cycle.identity=0.8`" in changed
    assert "cycle.weight" not in changed
