"""Starter models: what is released is what is loaded, it restores, and files say what made them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from skimage.filters import gaussian
from skimage.transform import downscale_local_mean, resize

import sem_models
from pipelines.data.simulate import Simulation, draw_image, render_image
from sem_models.errors import UserError
from sem_models.evaluation.baselines.filters import non_local_means
from sem_models.images.intensity import UnitImage
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model_folder import WEIGHTS
from sem_models.inference.predictor import Predictor
from sem_models.inference.told_width import at_strength
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


def predict_at(image: Micrograph, strength_px: float | None) -> UnitImage:
    """What starter:refocus makes of it when it is told a width, or nothing."""
    restored = Predictor(at_strength(load_starter("refocus"), strength_px), "cpu").predict(image).pixels[..., 0]
    return np.asarray(restored / 255, np.float32)


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


@pytest.mark.parametrize("scale", [2, 4])
def test_a_noisy_image_is_enlarged_better_than_after_a_filter(scale: int) -> None:
    clean = make_phantom("particles", (192, 192), seed=4242).truth
    small = downscale_local_mean(clean, (scale, scale))
    noisy = (np.random.default_rng(0).poisson(small * 100) / 100).astype(np.float32)
    restored = sem_models.restore(f"starter:sr-x{scale}", micrograph(noisy))
    filtered = resize(non_local_means(noisy), clean.shape, order=3)
    assert restored.pixels.shape == (192, 192, 1)
    assert restored.pixel_size_nm == pytest.approx(5.0 / scale)
    assert rms(restored.pixels[..., 0] / 255, clean) < rms(filtered, clean)


def test_atoms_are_restored_better_than_by_non_local_means() -> None:
    clean = render_image(draw_image(Simulation("lattice", size_px=128, period_px=(8.0, 10.0), seed=77), 0))
    noisy = (np.random.default_rng(0).poisson(clean * 5) / 5).astype(np.float32)
    low, high = float(noisy.min()), float(noisy.max())
    given = Micrograph((65535 * (noisy - low) / (high - low)).astype(np.uint16)[..., None], 0.02)
    restored = sem_models.restore("starter:denoise-stem", given).pixels[..., 0] / 65535 * (high - low) + low
    assert rms(restored, clean) < 0.7 * rms(non_local_means(noisy), clean)


def test_blur_is_undone_by_the_strength_that_is_told_and_hardly_changed_without() -> None:
    clean = make_phantom("particles", (160, 160), seed=4242).truth
    recorded = (np.random.default_rng(0).poisson(gaussian(clean, 2.0) * 500) / 500).astype(np.float32)
    given = micrograph(recorded)
    told = predict_at(given, 2.0)
    assert rms(told, clean) < 0.8 * rms(recorded.clip(0, 1), clean)
    assert rms(predict_at(given, None), clean) < 10 ** (0.3 / 20) * rms(recorded.clip(0, 1), clean)


def test_dead_lines_are_redrawn_better_than_by_interpolation() -> None:
    clean, rows = make_phantom("particles", (160, 160), seed=4242).truth, [slice(40, 46), slice(90, 94)]
    spoilt, interpolated = clean.copy(), clean.copy()
    for gap in rows:
        spoilt[gap] = 0
        weight = (np.arange(gap.stop - gap.start) + 1)[:, None] / (gap.stop - gap.start + 1)
        interpolated[gap] = (1 - weight) * clean[gap.start - 1] + weight * clean[gap.stop]
    restored = sem_models.restore("starter:clean-lines", micrograph(spoilt)).pixels[..., 0] / 255
    inside = np.concatenate([np.arange(gap.start, gap.stop) for gap in rows])
    assert rms(restored[inside], clean[inside]) < rms(interpolated[inside], clean[inside])
    outside = np.setdiff1d(np.arange(160), inside)
    assert np.abs(restored[outside] - micrograph(clean).pixels[outside, :, 0] / 255).max() < 1e-6


def test_all_starters_fit_into_a_small_package() -> None:
    assert sum((starter_folder(name) / WEIGHTS).stat().st_size for name in STARTERS) < 25 * 10**6


@pytest.mark.parametrize("name", STARTERS)
def test_a_card_is_complete(name: str) -> None:
    card = read_card(name)
    assert card.name == name
    assert card.learned_from or "no recorded image" in card.simulations
    assert all(own.licence in ("MIT", "CC0", "Apache-2.0") for own in card.learned_from)
    assert all(score.lo_db <= score.gain_db <= score.hi_db for score in card.scores)
    assert len(card.scores) >= 2
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
    with pytest.raises(UserError, match=r"starter:denoize: there is no such starter model\. Did you mean denoise or"):
        sem_models.load_model("starter:denoize")
