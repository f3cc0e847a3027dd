"""The card of a dataset says what is in it, and what only its owner knows."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.data.card import DatasetCard, card_text, find_card, write_card
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from tests.support.images import smooth_images
from tests.support.masked_sets import RAW_OF_CLASS, masked_files, rings

DOSE = 60.0


@pytest.fixture
def made(tmp_path: Path) -> tuple[Dataset, DatasetCard]:
    """Eight images of four groups with shot noise; two pixel sizes, one data bar, one damaged file."""
    raw, rng = tmp_path / "raw", np.random.default_rng(0)
    raw.mkdir()
    for index, image in enumerate(smooth_images(8, 128)):
        noisy = rng.poisson(DOSE * image / 255) / DOSE * 255
        pixels = np.clip(noisy, 0, 255).astype(np.uint8)[..., None]
        write_micrograph(raw / f"S{index // 2}-{index}.tif", Micrograph(pixels, 2.0 if index else 4.0))
    (raw / "S9-bad.tif").write_bytes(b"II*\0")
    request = PrepareRequest(
        name="steel",
        raw=(raw,),
        about="Martensite,\netched",
        licence="CC BY 4.0",
        corrections=({"image": "S0-1.tif", "databar_rows": 10},),
    )
    dataset = write_dataset(plan_dataset(request), tmp_path / "steel")
    return dataset, write_card(dataset, request)


def test_the_card_counts_what_is_there(made: tuple[Dataset, DatasetCard]) -> None:
    dataset, card = made
    assert sum(card.samples.values()) == 8
    assert sum(card.groups.values()) == 4
    assert (card.files, card.left_out, card.digest) == (8, 1, dataset.digest)
    sizes, facts = card.roles["image"].split(", ", 1)
    assert set(sizes.split(" and ")) == {"128 x 128 px", "128 x 118 px"}
    assert facts == "uint8, 2 to 4 nm, data bar cut off 1 of 8"


def test_the_noise_is_that_of_the_images(made: tuple[Dataset, DatasetCard]) -> None:
    noise = made[1].noise
    assert 1 <= len(noise) <= 3
    for own in noise:
        assert own.dose_e_per_px == pytest.approx(DOSE, rel=0.4)


def test_the_text_holds_everything(made: tuple[Dataset, DatasetCard]) -> None:
    dataset, card = made
    text = (dataset.folder / "card.md").read_text()
    assert text == card_text(card)
    for said in (
        "# steel",
        "Martensite, etched",
        "**From:** not stated",
        "CC BY 4.0",
        dataset.digest,
        "8 used, 1 left",
    ):
        assert said in text
    assert find_card(dataset) == card


def test_a_dataset_of_an_earlier_version_has_a_card_too(made: tuple[Dataset, DatasetCard]) -> None:
    dataset, card = made
    (dataset.folder / "card.json").write_text("{")
    found = find_card(dataset)
    assert found.samples == card.samples
    assert "not estimated" in card_text(found)
    assert "Prepared by" not in card_text(found)


def test_masks_have_no_noise(tmp_path: Path) -> None:
    options = masked_files(tmp_path, ["a", "b", "c"], [RAW_OF_CLASS[rings(seed)] for seed in range(3)])
    dataset = write_dataset(plan_dataset(options), tmp_path / "m")
    request = PrepareRequest(name="m", raw=options.raw, kind="masked", masks=options.masks)
    card = write_card(dataset, request)
    assert {own.role for own in card.noise} <= {"image"}
    assert card.roles["mask"].startswith("64 x 64 px, uint8")
