"""The mask between two contrasts speaks the labels of the synthesiser, whatever type they need."""

import numpy as np
import pytest

from pipelines.predict import mask_translation
from sem_models.images.micrograph import Micrograph


@pytest.mark.parametrize(("high", "dtype"), [(255, "uint8"), (300, "uint16"), (65535, "uint16")])
def test_labels_beyond_a_byte_do_not_wrap_around(monkeypatch: pytest.MonkeyPatch, high: int, dtype: str) -> None:
    found = Micrograph(np.array([[0, 127], [255, 0]], np.uint8)[..., None], 5.0)
    monkeypatch.setattr(mask_translation, "apply_model", lambda model, image: found if model == "finds" else image)
    table = {0: 0, 127: 7, 255: high}
    translator = mask_translation._MaskTranslator("finds", "draws", 5.0, 5.0, table)  # type: ignore[arg-type]
    drawn, mask, notes = translator(found)
    assert mask.pixels[..., 0].tolist() == [[0, 7], [high, 0]]
    assert mask.pixels.dtype == dtype
    assert drawn is mask
    assert notes == ()
