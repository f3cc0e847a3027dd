"""The Data page shows the card of a dataset, in which nothing loads or leads anywhere."""

from pathlib import Path

from PIL import Image

from pipelines.data.card import write_card
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from tests.support.images import smooth_images
from tests.support.pages import assert_sound, page


def test_the_card_is_shown(sem_home: Path) -> None:
    raw = sem_home / "raw-card"
    raw.mkdir(parents=True)
    for index, image in enumerate(smooth_images(3, 64)):
        Image.fromarray(image).save(raw / f"S{index}.png")
    request = PrepareRequest(name="c", raw=(raw,), about="![x](https://example.org/x.png)", join_same_field=False)
    dataset = write_dataset(plan_dataset(request), sem_home / "datasets" / "c")
    write_card(dataset, request)
    app = page("data")
    app.selectbox(key="card-of").set_value("c").run()
    assert_sound(app)
    card = next(text.value for text in app.markdown if dataset.digest in text.value)
    assert "**Kind:** single" in card
    assert "!\\[x\\](https://" in card, "the brackets are text"
