"""What others called a run, and wrote about it, is shown and does nothing."""

from pathlib import Path

from markdown_it import MarkdownIt

from pipelines.tracking.annotations import set_labels, write_note
from pipelines.tracking.runs import create_run, set_status, set_tags
from tests.support.pages import assert_sound, page

IMAGE, LINK = "![x](http://evil.example/x.png)", "[click](http://evil.example)"


def test_the_page_of_a_run_loads_nothing_from_elsewhere(sem_home: Path) -> None:
    run_id = create_run("sem", f"run {IMAGE}", "training", {}, {"sem.task": "denoising", "sem.recipe": "vdsr-x4"})
    write_note(run_id, f"a note {IMAGE} {LINK} <img src=http://evil.example>")
    set_labels(run_id, ["label"])
    set_tags(run_id, {"sem.warning.resume": f"Step 3: {IMAGE}"})
    set_status(run_id, "FAILED", f"a reason {IMAGE} {LINK}")
    app = page("runs", run=run_id)
    assert_sound(app)
    kinds = (app.markdown, app.caption, app.subheader, app.title, app.info, app.warning, app.success)
    texts = [element.value for elements in kinds for element in elements]
    for said in ("a reason", "a note", "run "):
        assert any(said in text and "evil" in text for text in texts), said
    for text in texts:
        shown = MarkdownIt("commonmark").render(text)
        assert "<img" not in shown, text
        assert 'href="http' not in shown, text
