"""`predict` with a standard deviation and an input check, and the same on the Inference page before restoring."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.model_ref import StarterRef, parse_model
from pipelines.predict.files import predict
from pipelines.predict.input_check import check_files, first_files, reference_of
from pipelines.predict.requests import PredictRequest
from sem_models.errors import UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.physics.simulators.phantoms.table import make_phantom

pytestmark = pytest.mark.usefixtures("sem_home")


def recorded(path: Path, truth: np.ndarray, dose_e_per_px: float = 50) -> Path:
    noisy = np.random.default_rng(0).poisson(truth * dose_e_per_px) / dose_e_per_px
    write_micrograph(path, Micrograph((noisy.clip(0, 1) * 255).astype(np.uint8)[..., None], 5.0))
    return path


def specimen(path: Path) -> Path:
    return recorded(path, make_phantom("particles", (128, 128), seed=9000).truth)


def lattice(path: Path) -> Path:
    y, x = np.mgrid[:160, :160]
    return recorded(path, 0.5 + 0.4 * np.cos(0.8 * x) * np.cos(0.7 * y))


def test_the_starter_writes_its_standard_deviation_and_never_over_another_result(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    specimen(tmp_path / "in" / "a.tif")
    request = PredictRequest(model="starter:denoise", inputs=(tmp_path / "in",), out=tmp_path / "out", backend="torch")
    (made,) = predict(request)
    assert made.std == str(tmp_path / "out" / "std" / "a-std.tif")
    assert made.std_is_learned
    std, image = read_micrograph(Path(made.std)), read_micrograph(Path(str(made.output)))
    assert std.pixels.shape == image.pixels.shape
    assert 1 < std.pixels.mean() < 30, "grey levels of an 8-bit image"
    with pytest.raises(UserError, match="exists already"):
        predict(request)
    (again,) = predict(request.model_copy(update={"std": "never", "overwrite": True}))
    assert again.std is None
    np.testing.assert_array_equal(read_micrograph(Path(str(again.output))).pixels, image.pixels)


def test_another_model_gives_the_spread_over_orientations_only_if_asked(tmp_path: Path) -> None:
    file = specimen(tmp_path / "a.tif")
    asked = {"model": "baseline:gaussian", "inputs": (file,), "scale": 1, "backend": "torch"}
    (plain,) = predict(PredictRequest(out=tmp_path / "plain", **asked))
    assert plain.std is None
    (made,) = predict(PredictRequest(out=tmp_path / "spread", std="always", **asked))
    assert made.std is not None
    assert not made.std_is_learned
    assert read_micrograph(Path(made.std)).pixels.max() < 0.01, "a Gaussian is the same in all orientations"
    assert "mean of 8 orientations" in read_micrograph(Path(str(made.output))).history[-1].settings


def test_a_lattice_is_warned_of_before_and_in_the_output(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    lattice(tmp_path / "in" / "atoms.tif")
    (tmp_path / "in" / "notes.txt").write_text("no image")
    reference = reference_of(StarterRef("denoise"))
    assert reference is not None
    files = first_files(tmp_path / "in")
    assert [file.name for file in files] == ["atoms.tif"]
    (checked,) = check_files(reference, [*files, tmp_path / "in" / "missing.tif"])
    assert checked.check is not None
    assert "a regular pattern" in checked.check.warning
    (made,) = predict(
        PredictRequest(model="starter:denoise", inputs=tuple(files), out=tmp_path / "out", std="never", backend="torch")
    )
    assert "unlike those that the model learned from" in made.warning
    assert read_micrograph(Path(str(made.output))).history[-1].warning == checked.check.warning


def test_baselines_know_nothing_of_inputs() -> None:
    assert reference_of(parse_model("baseline:nlm")) is None
