"""Fields of chosen images that report what is there already correct nothing."""

from pathlib import Path

import pytest
import streamlit as st
from PIL import Image

from pages.data import chosen
from pages.data.corrections import corrections_for
from pipelines.data.requests import PrepareRequest
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from tests.support.images import smooth_images


@pytest.mark.parametrize("field", ["group", "split"])
def test_only_images_with_another_value_are_corrected(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index, image in enumerate(smooth_images(6, 64)):
        Image.fromarray(image).save(tmp_path / f"S{index // 2}-{index}.png")
    plan = plan_dataset(PrepareOptions(name="d", raw=(tmp_path,), group_by=r"^(\w\d)"))
    request = PrepareRequest(name="d", raw=(tmp_path,))
    first = plan.images[0]
    other = next(image for image in plan.images if image.group != first.group and image.split != first.split)
    monkeypatch.setattr(st, "session_state", {"field": getattr(first, field)})
    chosen._from_widget(request, [first], "field", field)
    assert corrections_for(request) == (), "a browser reported the value that is there"
    chosen._from_widget(request, [first, other], "field", field)
    (made,) = corrections_for(request)
    assert (made.image, getattr(made, field)) == (other.source, getattr(first, field))
