"""Pages of a run without a clean reference: they show no PSNR and no target, and raise no error."""

from pathlib import Path

from sem_models.datasets.dataset import Dataset
from tests.support.pages import assert_sound, open_tab, page
from tests.support.small_recipes import short
from tests.support.trained_runs import train_run


def test_runs_and_train_pages_do_without_a_psnr(sem_home: Path, small_dataset: Dataset) -> None:
    run_id = train_run(short("n2v-denoise-small", "train.patch=32"), "small", "e")
    detail = page("runs", run=run_id)
    assert_sound(detail)
    assert len(detail.get("image")) == 2, "input and output: nothing is enlarged, so the baseline is the input"
    assert len(detail.get("plotly_chart")) == 2
    assert any("hidden pixels" in text.value for text in detail.markdown)
    open_tab(detail, run_id, "Scores")
    assert not any("Score" in button.label for button in detail.button), "it could only fail"
    assert any("no reference to score against" in caption.value for caption in detail.caption)
    assert not any(box.key == "scored_on" for box in detail.selectbox), "there is no other dataset"
    assert_sound(page("runs"))
    assert_sound(page("train"))
