"""`synthesise` and `translate` on the command line, with models trained for two steps."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.tracking.artifacts import samples
from pipelines.tracking.runs import get_run
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from tests.support.drawing_models import _at_home, models, run  # noqa: F401


def pixels(path: str) -> np.ndarray:
    return read_micrograph(Path(path)).pixels[..., 0]


def test_a_training_stores_its_score_and_shows_its_samples(models) -> None:
    for name, panels in (("ddpm-small", {"output", "real"}), ("ddpm-masks-small", {"input", "output", "target"})):
        run_id = models[name]
        assert 0 < get_run(run_id).metrics["val/noise_mse"] < 5
        assert set(samples(run_id).panels) == panels


def test_images_from_noise_do_not_depend_on_their_number(models, tmp_path: Path) -> None:
    model = models["ddpm-small"]
    two = run("synthesise", model, "--out", str(tmp_path / "two"), "--count", "2", "--size", "33", "--seed", "7")
    one = run("synthesise", model, "--out", str(tmp_path / "one"), "--count", "1", "--size", "33", "--seed", "7")
    first, second = (pixels(result["output"]) for result in two["results"])
    assert first.shape == (33, 33)
    assert first.dtype == np.uint8
    assert np.array_equal(pixels(one["results"][0]["output"]), first)
    assert np.abs(first.astype(float) - second).mean() > 5
    told = read_micrograph(Path(two["results"][0]["output"])).provenance
    assert told.startswith("Synthetic: ddpm-small")
    assert "image 1 of seed 7, 4 steps" in told
    fewer = ("--set", "diffusion.sampling.steps=2", "--count", "1", "--size", "33", "--seed", "7")
    again = run("synthesise", model, "--out", str(tmp_path / "fewer"), *fewer)
    assert not np.array_equal(pixels(again["results"][0]["output"]), first)


def test_masks_give_samples_with_their_mean_and_deviation(models, tmp_path: Path) -> None:
    model, mask = models["ddpm-masks-small"], next(Path(models["masks"]).iterdir())
    drawn = run("synthesise", model, "--masks", str(mask), "--samples", "3", "--out", str(tmp_path / "k"))
    (result,) = drawn["results"]
    stack = np.stack([pixels(path) for path in result["samples"]]).astype(float)
    assert stack.shape == (3, *pixels(str(mask)).shape)
    np.testing.assert_allclose(pixels(result["output"]), stack.mean(0), atol=1.1)
    np.testing.assert_allclose(pixels(result["std"]), stack.std(0), atol=1.1)
    assert stack.std(0).mean() > 1, "samples differ"
    single = run("synthesise", model, "--masks", str(mask), "--out", str(tmp_path / "one"))["results"][0]
    assert single["std"] is None
    restored = run("predict", model, str(mask), "--out", str(tmp_path / "p"))["results"][0]
    assert np.abs(pixels(restored["output"]).astype(int) - pixels(single["output"])).max() <= 1


def test_drawings_of_masks_without_a_scale_have_that_of_the_dataset(models, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("pipelines.predict.pixel_sizes.learned_size", lambda manifest, role: 6.5)
    model, labels = models["ddpm-masks-small"], read_micrograph(next(Path(models["masks"]).iterdir()))
    masks = tmp_path / "masks"
    masks.mkdir()
    for name, own in (("without", None), ("with", 3.0)):
        write_micrograph(masks / f"{name}.tif", replace(labels, pixel_size_nm=own))
    for command in (("synthesise", model, "--masks", str(masks)), ("predict", model, str(masks))):
        results = run(*command, "--out", str(tmp_path / command[0]))["results"]
        sizes = [read_micrograph(Path(result["output"])).pixel_size_nm for result in results]
        assert sizes == [pytest.approx(3.0), pytest.approx(6.5)]
    free = run("synthesise", models["ddpm-small"], "--out", str(tmp_path / "free"), "--count", "1", "--size", "33")
    assert read_micrograph(Path(free["results"][0]["output"])).pixel_size_nm == pytest.approx(6.5)


def test_a_mask_that_cannot_be_used_does_not_stop_the_others(models, tmp_path: Path) -> None:
    good, folder = next(Path(models["masks"]).iterdir()), tmp_path / "masks"
    folder.mkdir()
    shutil.copy(good, folder / f"b{good.suffix}")
    strange = read_micrograph(good)
    write_micrograph(folder / "a.tif", strange.with_pixels(np.full_like(strange.pixels, 77)))
    drawn = run("synthesise", models["ddpm-masks-small"], "--masks", str(folder), "--out", str(tmp_path / "out"))
    bad, fine = drawn["results"]
    assert (bad["output"], fine["error"]) == (None, None)
    assert "77" in bad["error"]
    assert pixels(fine["output"]).shape == pixels(str(good)).shape


def test_translate_writes_what_both_methods_make(models, tmp_path: Path) -> None:
    free, source = models["ddpm-small"], str(Path(models["home"]) / "raw" / "a.png")
    noised = run("translate", source, "--to", free, "--out", str(tmp_path / "s"))["results"][0]["output"]
    bridged = ("translate", source, "--to", models["ddpm-masks-small"], "--from", free, "--method", "ddib")
    both = run(*bridged, "--out", str(tmp_path / "d"))["results"][0]["output"]
    for path in (noised, both):
        assert pixels(path).shape == pixels(source).shape
        assert not np.array_equal(pixels(path), pixels(source))
    (step,) = read_micrograph(Path(noised)).history
    assert (step.origin, step.run, step.input) == ("translated", free, "a.png")
    assert step.settings.startswith("sdedit, strength 0.4, seed 0")
    weak = run("translate", source, "--to", free, "--strength", "0.1", "--out", str(tmp_path / "w"))["results"][0]
    error = {path: np.abs(pixels(path).astype(float) - pixels(source)).mean() for path in (noised, weak["output"])}
    assert error[weak["output"]] <= error[noised]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("synthesise", "ddpm-masks-small"), "give --masks"),
        (("synthesise", "ddpm-small", "--masks", "."), "takes no label maps"),
        (("synthesise", "ddpm-small", "--samples", "2"), "without masks use --count"),
        (("synthesise", "ddpm-small", "--set", "train.steps=3"), "only diffusion.sampling."),
        (("synthesise", "ddpm-small", "--set", "diffusion.sampling.steps=1001"), "at most timesteps"),
        (("synthesise", "baseline:nlm"), "not a diffusion model"),
        (("translate", ".", "--method", "ddib", "--to", "ddpm-small"), "needs --from"),
        (("translate", ".", "--from", "ddpm-small", "--to", "ddpm-small"), "takes no --from"),
        (("export", "ddpm-small", "--format", "onnx"), "draws in many steps"),
    ],
)
def test_mistakes_are_one_line(arguments, said: str, models, tmp_path: Path) -> None:
    named = [models.get(argument, argument) for argument in arguments]
    assert said in run(*named, "--out", str(tmp_path / "out"), status=2)["said"]
