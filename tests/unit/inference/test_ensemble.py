"""Several models as one, with exact stand-ins for networks: mean and standard deviation in closed form."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sem_models
from pipelines.models import ResolvedModel
from pipelines.predict import files, many
from pipelines.predict.many import asked_of, predict_many
from pipelines.predict.requests import PredictManyRequest, PredictRequest
from sem_models.config.degradation import Degradation
from sem_models.config.presets.table import find_recipe
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import find_baseline
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.ensemble import EnsembleSpread, ensemble_of
from sem_models.inference.model import RestorationModel
from tests.support.small_recipes import narrow

RECIPE = narrow(find_recipe("nafnet-denoise"))
# No member clips, so that the mean of what each of them writes is that of the ensemble.
GREY = np.random.default_rng(0).integers(1000, 30000, (40, 56, 1), np.uint16)
GAINS, OFFSETS = (0.5, 0.8, 1.1), (0.1, 0.0, 0.05)
RUNS = ["0" * 32, "1" * 32, "2" * 32]


class Line(nn.Module):
    """`gain` x input + `offset`."""

    def __init__(self, gain: float, offset: float) -> None:
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.tensor(gain)), offset

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x + self.offset


def member(index: int, recipe=RECIPE) -> RestorationModel:
    return RestorationModel(recipe, Line(GAINS[index], OFFSETS[index]).eval(), f"model {index}", run_id=RUNS[index])


def members() -> list[RestorationModel]:
    return [member(index) for index in range(3)]


@pytest.fixture
def stored(sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A 16-bit file; the runs `RUNS` are the stand-ins."""
    found = {run: ResolvedModel(member(index), run, Degradation()) for index, run in enumerate(RUNS)}
    monkeypatch.setattr(files, "resolve_model", lambda ref, *_: found[str(ref)])
    write_micrograph(tmp_path / "a.tif", Micrograph(GREY, 5.0))
    return tmp_path


def in_grey_levels() -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the lines, by numpy, in the grey levels of the file."""
    restored = [sem_models.restore(one, Micrograph(GREY, 5.0), backend="torch").pixels for one in members()]
    stack = np.stack(restored).astype(np.float64)
    return stack.mean(0), stack.std(0, ddof=1)


def test_mean_and_standard_deviation_are_those_of_the_members() -> None:
    x = torch.rand(2, 1, 8, 9)
    made = EnsembleSpread(ensemble_of(members()).members, RECIPE)(x)
    lines = np.stack([gain * x.numpy() + offset for gain, offset in zip(GAINS, OFFSETS, strict=True)])
    np.testing.assert_allclose(made[:, :1].detach(), lines.mean(0), atol=1e-6)
    np.testing.assert_allclose(made[:, 1:].detach(), lines.std(0, ddof=1), atol=1e-6)
    np.testing.assert_allclose(ensemble_of(members())(x).detach(), lines.mean(0), atol=1e-6)


def test_files_hold_the_mean_and_the_spread_in_grey_levels(stored: Path) -> None:
    asked = {
        "model": RUNS[0],
        "ensemble": RUNS[1:],
        "inputs": (stored / "a.tif",),
        "backend": "torch",
        "databar": "keep",
    }
    (made,) = files.predict(PredictRequest(out=stored / "out", **asked))
    image, std = read_micrograph(Path(str(made.output))), read_micrograph(Path(str(made.std)))
    mean, spread = in_grey_levels()
    assert (image.pixels.dtype, std.pixels.dtype) == (np.uint16, np.float32)
    assert np.abs(image.pixels - mean).max() <= 1, "members are rounded one by one here, and their mean there"
    np.testing.assert_allclose(std.pixels, spread, atol=1.5)
    assert spread.min() > 100, "a spread that rounding cannot make"
    assert (made.std_members, made.std_is_learned) == (3, False)
    assert all(run in image.provenance for run in RUNS)
    (alone,) = files.predict(PredictRequest(out=stored / "never", std="never", **asked))
    assert alone.std is None
    np.testing.assert_array_equal(read_micrograph(Path(str(alone.output))).pixels, image.pixels)


def test_very_many_files_have_their_standard_deviation_in_the_ledger(stored: Path) -> None:
    asked = {"model": RUNS[0], "ensemble": RUNS[1:], "inputs": (stored / "a.tif",), "out": stored / "out"}
    result = predict_many(PredictManyRequest(std="auto", backend="torch", databar="keep", **asked))
    assert result.done == 1
    assert str(stored / "out" / "std" / "a-std.tif") in result.ledger.read_text()
    std = read_micrograph(stored / "out" / "std" / "a-std.tif")
    np.testing.assert_allclose(std.pixels, in_grey_levels()[1], atol=1.5)
    (stored / "out" / "std" / "a-std.tif").unlink()
    again = predict_many(PredictManyRequest(std="auto", backend="torch", databar="keep", **asked))
    assert again.done == 1, "a result without its standard deviation is not whole"


def test_ledgers_of_earlier_versions_are_continued(stored: Path) -> None:
    request = PredictManyRequest(model=RUNS[0], inputs=(stored / "a.tif",), out=stored / "out")
    assert not {"std", "ensemble"} & set(asked_of(request))
    assert asked_of(request.model_copy(update={"std": "auto"}))["std"] == "auto"
    assert many.NAME == "ledger.jsonl"


def test_the_python_interface_states_it_as_well() -> None:
    image = Micrograph(GREY, 5.0)
    mean, spread = in_grey_levels()
    made, std = sem_models.restore(members(), image, std=True, backend="torch", databar="keep")
    assert np.abs(made.pixels - mean).max() <= 1
    np.testing.assert_allclose(std.pixels, spread, atol=1.5)
    assert std.pixel_size_nm == 5.0
    one, alone = sem_models.restore(member(0), image, std=True, backend="torch", databar="keep")
    np.testing.assert_array_equal(one.pixels, sem_models.restore(member(0), image, backend="torch").pixels)
    assert alone.pixels.max() < 0.1, "a line does the same in all orientations"


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ([], "at least two"),
        ([member(0)], "is there twice"),
        ([find_baseline("gaussian", Degradation())], "not a trained model"),
        ([member(1, find_recipe("srresnet-x4-small"))], "differ in task"),
    ],
)
def test_models_that_cannot_be_averaged_are_refused_with_the_reason(others: list, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        ensemble_of([member(0), *others])


class Grey(nn.Module):
    """One grey level wherever something is redrawn."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(level))

    def forward(self, x: Tensor) -> Tensor:
        return torch.full_like(x[:, :1], float(self.level))


def test_several_inpainting_runs_redraw_the_damaged_lines_and_nothing_else(
    sem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the default of `--std`: the mean of both runs where the mask is, every other pixel as recorded."""
    recipe = find_recipe("inpaint-lines-small")
    inpainters = [
        RestorationModel(recipe, Grey(level).eval(), f"model {index}", run_id=RUNS[index])
        for index, level in enumerate((0.2, 0.6))
    ]
    found = {one.run_id: ResolvedModel(one, one.run_id, Degradation()) for one in inpainters}
    monkeypatch.setattr(files, "resolve_model", lambda ref, *_: found[str(ref)])
    image = np.random.default_rng(0).integers(100, 200, (64, 80, 1)).astype(np.uint8)
    mask = np.zeros_like(image)
    image[20:22], mask[20:22] = 0, 255
    write_micrograph(tmp_path / "a.tif", Micrograph(image))
    (tmp_path / "masks").mkdir()
    write_micrograph(tmp_path / "masks" / "a.tif", Micrograph(mask))
    asked = {"model": RUNS[0], "ensemble": RUNS[1:2], "inputs": (tmp_path / "a.tif",), "backend": "torch"}
    request = PredictRequest(out=tmp_path / "out", extra_inputs=(tmp_path / "masks",), databar="keep", **asked)
    (made,) = files.predict(request)
    pixels = read_micrograph(Path(str(made.output))).pixels
    assert (pixels[20:22] == round(0.4 * 255)).all()
    np.testing.assert_array_equal(pixels[mask == 0], image[mask == 0])
    assert made.std is None
    with pytest.raises(UserError, match="leave out std"):
        files.predict(request.model_copy(update={"std": "always", "out": tmp_path / "other"}))
    with pytest.raises(UserError, match="leave out std"):
        sem_models.restore(inpainters, Micrograph(image), std=True)
