"""Starter models: what is released is what is loaded, it restores, and files say what made them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import sem_models
from sem_models.errors import UserError
from sem_models.evaluation.baselines.filters import non_local_means
from sem_models.images.intensity import UnitImage
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model_folder import WEIGHTS
from sem_models.physics.simulators.phantoms.table import make_phantom
from sem_models.starters import shelf
from sem_models.starters.shelf import STARTERS, load_starter, read_card, starter_folder


def noisy_and_clean(edge_px: int = 160, dose_e_per_px: float = 20.0) -> tuple[UnitImage, UnitImage]:
    """A phantom of another seed than those that were trained on, with noise that numpy draws."""
    clean = make_phantom("particles", (edge_px, edge_px), seed=4242).truth
    noisy = np.random.default_rng(0).poisson(clean * dose_e_per_px) / dose_e_per_px
    return noisy.astype(np.float32), clean


def micrograph(image: UnitImage) -> Micrograph:
    return Micrograph((image.clip(0, 1) * 255).round().astype(np.uint8)[..., None], 5.0, source="noisy.tif")


def rms(a: UnitImage, b: UnitImage) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


@pytest.mark.parametrize("inverted", [False, True])
def test_a_noisy_image_is_restored_better_than_by_non_local_means(inverted: bool) -> None:
    noisy, clean = ((1 - image if inverted else image) for image in noisy_and_clean())
    given = micrograph(noisy)
    restored = sem_models.restore("starter:denoise", given).pixels[..., 0] / 255
    stored = given.pixels[..., 0].astype(np.float32) / 255
    assert rms(restored, clean) < rms(non_local_means(stored), clean) < rms(stored, clean)


def test_16_bit_images_keep_their_units_and_tiles_leave_no_seams() -> None:
    noisy, _ = noisy_and_clean(224)
    given = Micrograph((1000 + 4000 * noisy).astype(np.uint16)[..., None], 5.0)
    model = sem_models.load_model("starter:denoise", device="cpu")
    whole, tiled = (sem_models.restore(model, given, tile=tile).pixels.astype(float) for tile in (None, 64))
    assert given.pixels.mean() == pytest.approx(whole.mean(), rel=0.02)
    assert np.abs(whole - tiled).max() < 0.01 * 4000


def test_files_name_the_model_its_version_and_its_limits() -> None:
    restored = sem_models.restore("starter:denoise", micrograph(noisy_and_clean(64)[0]))
    card = read_card("denoise")
    assert restored.provenance.startswith("Restored: starter:denoise applied to noisy.tif, version ")
    assert f"version {card.version}: {card.limits}" in restored.provenance


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_is_small_and_its_card_is_complete(name: str) -> None:
    card = read_card(name)
    assert (starter_folder(name) / WEIGHTS).stat().st_size < 4 * 2**20
    assert card.name == name
    assert card.learned_from
    assert all(own.licence in ("MIT", "CC0", "Apache-2.0") for own in card.learned_from)
    assert all(score.lo_db <= score.gain_db <= score.hi_db for score in card.scores)
    assert len(card.scores) >= 3
    assert card.steps > 0


@pytest.mark.parametrize("damaged", [WEIGHTS, "card.json", "recipe.json"])
def test_what_is_not_as_released_is_refused(damaged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(starter_folder("denoise"), tmp_path / "denoise")
    monkeypatch.setattr(shelf, "_SHELF", tmp_path)
    path = tmp_path / "denoise" / damaged
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"{damaged} is not what was released; install the program again"):
        load_starter("denoise")


def test_an_unknown_name_gets_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"starter:denoize: there is no such starter model\. Did you mean denoise\?"):
        sem_models.load_model("starter:denoize")
