"""`translate` at the pixel size that its diffusion models learned from."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.predict.requests import TranslateRequest
from pipelines.predict.translate import translate
from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.resample import resample
from tests.support.empty_store import add_empty_store
from tests.support.images import smooth_images
from tests.support.small_recipes import narrow
from tests.support.trained_runs import train_run

FEW = ["train.steps=2", "train.patch=16", "train.precision=32-true", "diffusion.sampling.steps=4"]
SIZES = {"five": 5.0, "also-five": 5.0004, "ten": 10.0, "unknown": None}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run ids by the pixel size of their training images."""
    home = add_empty_store(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SEM_HOME", str(home))
        patched.delenv("MLFLOW_TRACKING_URI", raising=False)
        recipe = override(narrow(find_recipe("ddpm-small")), FEW)
        runs = {}
        for name, size in SIZES.items():
            (home / name).mkdir()
            for index, image in enumerate(smooth_images(3, 48)):
                write_micrograph(home / name / f"s{index}.tif", Micrograph(image[:, :, None], size))
            options = PrepareOptions(name=name, raw=(home / name,), databar_rows=0)
            write_dataset(plan_dataset(options), home / "datasets" / name)
            runs[name] = train_run(recipe, name, "tests")
    return {**runs, "home": str(home)}


@pytest.fixture(autouse=True)
def _at_home(models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEM_HOME", models["home"])
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def micrograph(folder: Path, size_nm: float | None) -> Path:
    path = folder / "x.tif"
    write_micrograph(path, Micrograph(smooth_images(1, 40, seed=5)[0][:, :, None], size_nm))
    return path


def test_an_image_is_resampled_to_the_pixel_size_of_the_models(models, tmp_path: Path) -> None:
    """An image with twice the pixel size of the models gives the result of the resampled image, at their pixel size."""
    coarse = micrograph(tmp_path, 10.0)
    (tmp_path / "fine").mkdir()
    enlarged = resample(read_micrograph(coarse).pixels, 2.0)
    write_micrograph(tmp_path / "fine" / "x.tif", Micrograph(enlarged, 5.0))
    for method, source in (("sdedit", None), ("ddib", models["also-five"])):
        asked = {"to": models["five"], "method": method, "source": source}
        (one,) = translate(TranslateRequest(inputs=(coarse,), out=tmp_path / f"{method}-1", **asked))
        (two,) = translate(TranslateRequest(inputs=(tmp_path / "fine",), out=tmp_path / f"{method}-2", **asked))
        first, second = (read_micrograph(Path(str(result.output))) for result in (one, two))
        assert first.pixels.shape == (80, 80, 1)
        assert first.pixel_size_nm == pytest.approx(5.0)
        assert np.array_equal(first.pixels, second.pixels)
        assert one.notes == ("image resampled from 10 to 5 nm/px",)
        assert two.notes == ()


def test_models_of_two_pixel_sizes_refuse(models, tmp_path: Path) -> None:
    asked = {"to": models["five"], "method": "ddib", "source": models["ten"]}
    with pytest.raises(UserError, match=r"5 nm/px and .* from 10 nm/px: prepare both datasets with one resample_nm"):
        translate(TranslateRequest(inputs=(micrograph(tmp_path, 5.0),), out=tmp_path / "out", **asked))
    (one,) = translate(
        TranslateRequest(
            inputs=(micrograph(tmp_path, 5.0),), out=tmp_path / "out", **{**asked, "source": models["unknown"]}
        )
    )
    assert "that of the other model was used" in one.notes[0]


def test_an_unknown_pixel_size_is_asked_for_where_it_matters(models, tmp_path: Path) -> None:
    path = micrograph(tmp_path, None)
    with pytest.raises(UserError, match=r"learned from 5 nm/px; state it with pixel_size_nm"):
        translate(TranslateRequest(inputs=(path,), out=tmp_path / "out", to=models["five"]))
    (stated,) = translate(TranslateRequest(inputs=(path,), out=tmp_path / "out", to=models["five"], pixel_size_nm=2.5))
    assert read_micrograph(Path(str(stated.output))).pixels.shape == (20, 20, 1)
    (as_it_is,) = translate(TranslateRequest(inputs=(path,), out=tmp_path / "free", to=models["unknown"]))
    assert read_micrograph(Path(str(as_it_is.output))).pixels.shape == (40, 40, 1)
    assert as_it_is.notes == ("the models learned from several or unknown pixel sizes: the image was taken as it is",)
