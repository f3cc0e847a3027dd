"""Grey levels survive: what a perfect network gives has gain 1 and bias 0 in the units of the target.

The stand-in for the network knows the truth as a training would have shown it, in unit intensity; everything around
it is the real thing: preparation, scoring, prediction, serving and export.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipelines.models import ResolvedModel
from pipelines.predict.files import predict
from pipelines.predict.requests import PredictRequest
from pipelines.release.export import LIMITS, export
from pipelines.release.requests import ExportRequest
from sem_models.config.degradation import Degradation
from sem_models.config.intensity import IntensityLimits
from sem_models.config.networks.capabilities import Capabilities
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.evaluation.restoration import make_case
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import encode_tiff, write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.inference.storage import save_model
from sem_models.networks.table import build_network
from sem_models.serving import load_served
from sem_models.tasks.compatibility import adapt
from sem_models.tasks.models import apply_model, evaluate_model
from tests.support.images import smooth_images
from tests.support.tiff import decode_tiff
from tests.support.trained_runs import train_run

Grey = NDArray[np.float64]
LOW_DOSE = Degradation(scale=1, dose_e_per_px=3, read_noise=0.05)
SETTINGS = [(1.0, 0.0), (0.7, 0.1), (0.9, 0.05), (1.1, -0.02), (0.8, 0.0), (1.0, 0.1)]
"""Contrast and brightness that somebody set for each image."""


def recipe_for(**changes: object) -> Recipe:
    network = {"kind": "vdsr", "scale": 1, "depth": 3, "width": 2}
    content = {"name": "stand-in", "summary": "None.", "task": "denoising", "network": network}
    return Recipe.model_validate({**content, "degradation": {"scale": 1}, **changes})


def truths() -> list[Grey]:
    """Signal in [0, 1] of six fields; no two have the same range."""
    images = smooth_images(len(SETTINGS), 128)
    return [gain * (image / 255.0) + offset for image, (gain, offset) in zip(images, SETTINGS, strict=True)]


def recorded(signal: Grey, dtype: str) -> NDArray[np.generic]:
    """In the counts of a 16-bit or the currents of a 32-bit detector."""
    native = 12000 + 30000 * signal if dtype == "uint16" else (0.3 + signal) * 2e-9
    return np.rint(native).astype(dtype) if dtype == "uint16" else native.astype(dtype)


def noisy(signal: Grey, seed: int) -> Grey:
    """Few electrons, as many in the mean as the truth has."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.poisson(np.clip(signal, 0, None) * 8) / 8 + 0.02 * rng.standard_normal(signal.shape), -0.3, 1.7)


def write(folder: Path, images: Sequence[NDArray[np.generic]]) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        write_micrograph(folder / f"S{index}-{index}.tif", Micrograph(image[:, :, None], 2.0))
    return folder


def prepared(
    place: Path, inputs: Sequence[NDArray[np.generic]], targets: Sequence[NDArray[np.generic]] = ()
) -> Dataset:
    raw = write(place / "raw", inputs)
    options = PrepareOptions(name="d", raw=(raw,), group_by=r"^(S\d)", databar_rows=0)
    if targets:
        options = options.model_copy(update={"kind": "paired", "target": write(place / "target", targets)})
    return write_dataset(plan_dataset(options), place / "datasets" / "d")


class Knows(nn.Module):
    """The truth of the image that an input is most like, whatever gain and offset it comes with."""

    def __init__(self, pairs: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> None:
        super().__init__()
        self._pairs = [(torch.from_numpy(given), torch.from_numpy(truth)) for given, truth in pairs]

    def forward(self, x: Tensor) -> Tensor:
        def likeness(pair: tuple[Tensor, Tensor]) -> float:
            return float(torch.corrcoef(torch.stack([x.flatten(), pair[0].flatten()]))[0, 1])

        return max(self._pairs, key=likeness)[1][None]


class StandIn(RestorationModel):
    """A trained model whose network is perfect."""

    @property
    def capabilities(self) -> Capabilities:
        """An image goes through whole."""
        return Capabilities(1, 1, 1, 0)


def perfect(dataset: Dataset, recipe: Recipe) -> StandIn:
    """What learning from `dataset` to the end would give."""
    cases = [make_case(dataset, entry, recipe.degradation, 1) for entry in dataset.manifest.entries]
    network = Knows([(case.input, case.target) for case in cases])
    return StandIn(adapt(recipe, dataset.manifest), network, "perfect")


def raw_of(dataset: Dataset, entry: Entry) -> Path:
    return dataset.folder.parents[1] / "raw" / entry.arrays[0].source


def expect_true(output: NDArray[np.generic], truth: NDArray[np.generic]) -> None:
    """Gain within 0.5 %, bias within 0.2 % of the range."""
    a, b = (image.astype(np.float64).ravel() for image in (output, truth))
    gain = np.polyfit(b, a, 1)[0]
    bias = (a - b).mean() / (b.max() - b.min())
    assert abs(gain - 1) < 0.005, f"gain {gain:.4f}, bias {bias:+.4f}"
    assert abs(bias) < 0.002, f"gain {gain:.4f}, bias {bias:+.4f}"


@pytest.fixture(params=["uint16", "float32"])
def dtype(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def low_dose_pairs(tmp_path: Path, dtype: str) -> Dataset:
    signals = truths()
    inputs = [recorded(noisy(signal, seed), dtype) for seed, signal in enumerate(signals)]
    return prepared(tmp_path, inputs, [recorded(signal, dtype) for signal in signals])


def test_pairs_through_prediction_scoring_and_files(
    low_dose_pairs: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = low_dose_pairs
    model = perfect(dataset, recipe_for())
    report = evaluate_model(model, dataset, "test", recipe_for().degradation)
    assert min(report.values("perfect", "mse")) == max(report.values("perfect", "mse")) == 0
    resolved = ResolvedModel(model, None, recipe_for().degradation)
    monkeypatch.setattr("pipelines.predict.files.resolve_model", lambda *_: resolved)
    for entry in dataset.entries("test"):
        truth, source = dataset.array(entry, "target"), raw_of(dataset, entry)
        result = apply_model(Predictor(model, "cpu"), read_micrograph(source))
        expect_true(result.pixels, truth)
        (done,) = predict(PredictRequest(model="a" * 32, inputs=(source,), out=tmp_path / "out", databar="keep"))
        assert done.warning == ""
        written = read_micrograph(Path(str(done.output)))
        expect_true(written.pixels, truth)
        assert "intensity limits of the training" in written.provenance


def test_baselines_are_scored_in_the_units_of_the_file(low_dose_pairs: Dataset) -> None:
    """The input itself, against the truth, both as recorded: the range of the targets is the only scale."""
    dataset = low_dose_pairs
    report = evaluate_model(perfect(dataset, recipe_for()), dataset, "test", recipe_for().degradation)
    (limits,) = dataset.manifest.limits("target")
    (lo, hi) = limits.parts[0]
    for entry, found in zip(dataset.entries("test"), report.values("baseline:identity", "mse"), strict=True):
        given, truth = (
            np.clip((dataset.array(entry, role)[1:-1, 1:-1].astype(np.float64) - lo) / (hi - lo), 0, 1)
            for role in ("input", "target")
        )
        assert found == pytest.approx(np.mean((given - truth) ** 2), rel=1e-3)


def test_simulated_low_dose(tmp_path: Path, dtype: str) -> None:
    """A noisy file of the same field reaches far beyond the limits of the sharp image, and is still scaled by them."""
    dataset = prepared(tmp_path, [recorded(signal, dtype) for signal in truths()])
    model = perfect(dataset, recipe_for(degradation=LOW_DOSE))
    (limits,) = dataset.manifest.limits("image")
    (lo, hi) = limits.parts[0]
    for entry in dataset.manifest.entries:
        case = make_case(dataset, entry, LOW_DOSE, 1)
        native = case.input[0].astype(np.float64) * (hi - lo) + lo
        file = np.clip(np.rint(native), 0, 65535).astype(dtype) if dtype == "uint16" else native.astype(dtype)
        result = apply_model(Predictor(model, "cpu"), Micrograph(file[:, :, None], 2.0))
        expect_true(result.pixels, dataset.array(entry, "image"))


@pytest.fixture
def two_instruments(tmp_path: Path) -> Dataset:
    """16-bit inputs and 32-bit targets that count in quite different units, otherwise the same images."""
    return prepared(
        tmp_path,
        [recorded(signal, "uint16") for signal in truths()],
        [recorded(signal, "uint16").astype(np.float32) * 2.5 + 300 for signal in truths()],
    )


def identity(recipe: Recipe) -> nn.Module:
    """In unit intensity, which is all that two exactly proportional recordings leave to learn."""
    network = build_network(recipe.network)
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
    return network


def test_serving_and_export_say_and_use_the_units_of_the_target(
    two_instruments: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = two_instruments
    recipe = adapt(recipe_for(task="translation"), dataset.manifest)
    network = identity(recipe)
    folder = tmp_path / "model"
    folder.mkdir()
    save_model(folder, recipe, network.state_dict())
    serve = load_served(folder)
    model = RestorationModel(recipe, network, "identity")
    resolved = ResolvedModel(model, None, recipe.degradation)
    monkeypatch.setattr("pipelines.release.export.resolve_model", lambda *_: resolved)
    onnx = export(ExportRequest(model="a" * 32, format="onnx", out=tmp_path / "m.onnx"))
    package = export(ExportRequest(model="a" * 32, format="bioimageio", out=tmp_path / "m.zip"))
    for entry in dataset.entries("test"):
        image, truth = read_micrograph(raw_of(dataset, entry)), dataset.array(entry, "target")
        answered = decode_tiff(serve(encode_tiff(image)))
        assert answered.pixels.dtype == np.float32
        expect_true(answered.pixels, truth)
        for elsewhere in (through_onnx(onnx), through_package(package)):
            expect_true(elsewhere(image.pixels[:, :, 0]), truth[:, :, 0])


def through_onnx(path: Path) -> Callable[[NDArray[np.generic]], NDArray[np.generic]]:
    """As the file's own metadata say."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    limits = IntensityLimits.model_validate_json(session.get_modelmeta().custom_metadata_map[LIMITS])
    (lo, hi), (low, high) = limits.input[0].parts[0], limits.output[0].parts[0]

    def run(native: NDArray[np.generic]) -> NDArray[np.generic]:
        unit = ((native.astype(np.float64) - lo) / (hi - lo)).astype(np.float32)
        (made,) = session.run(None, {"image": unit[None, None]})
        return made[0, 0] * (high - low) + low

    return run


def through_package(path: Path) -> Callable[[NDArray[np.generic]], NDArray[np.generic]]:
    """As the description of the package says, step by step."""
    import zipfile

    import onnxruntime
    from bioimageio.spec import load_description

    description = load_description(path, perform_io_checks=False)
    assert description.inputs[0].data.type == "uint16"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.with_suffix(""))
    session = onnxruntime.InferenceSession(str(next(path.with_suffix("").glob("*.onnx"))))

    def run(native: NDArray[np.generic]) -> NDArray[np.generic]:
        unit = stepwise(native[None, None], description.inputs[0].preprocessing)
        (made,) = session.run(None, {"image": unit})
        return stepwise(made, description.outputs[0].postprocessing)[0, 0]

    return run


def stepwise(values: NDArray[np.generic], steps: Sequence[Any]) -> NDArray[np.generic]:
    """Also the conversions that the library adds where a description does not state them."""
    for step in steps:
        if step.id == "ensure_dtype":
            values = values.astype(step.kwargs.dtype)
        else:
            assert step.id == "scale_linear"
            values = values.astype(np.float64) * step.kwargs.gain + step.kwargs.offset
    return values


def test_pairs_of_two_instruments_have_scores_after_a_fit(two_instruments: Dataset) -> None:
    """Identity and truth differ in gain and offset alone."""
    model = RestorationModel(recipe_for(), identity(recipe_for()), "identity")
    report = evaluate_model(model, two_instruments, "test", recipe_for().degradation)
    assert "psnr_affine_db" in report.metrics
    assert min(report.values("baseline:identity", "psnr_affine_db")) > 60


def test_limits_are_those_of_the_training_images_alone(tmp_path: Path) -> None:
    """And one pair serves all images; test images brighter than any other change nothing."""
    plain, bright = tmp_path / "plain", tmp_path / "bright"
    plain.mkdir()
    bright.mkdir()
    images = [recorded(signal, "uint16") for signal in truths()]
    dataset = prepared(plain, images)
    tested = {entry.arrays[0].source for entry in dataset.entries("test")}
    files = [f"S{index}-{index}.tif" for index in range(len(images))]
    brighter = [image // 2 + 32000 if file in tested else image for image, file in zip(images, files, strict=True)]
    for found in (dataset, prepared(bright, brighter)):
        assert found.manifest.limits("image") == dataset.manifest.limits("image")
        assert len({entry.array("image").intensity for entry in found.manifest.entries}) == 1
    pool = np.concatenate([dataset.array(entry, "image").ravel() for entry in dataset.entries("train")])
    assert dataset.manifest.limits("image")[0].parts == (tuple(np.percentile(pool, (0.1, 99.9))),)


def test_eight_bit_is_what_it_was(small_dataset: Dataset) -> None:
    assert {entry.arrays[0].intensity for entry in small_dataset.manifest.entries} == {(0.0, 255.0)}


def test_a_trained_run_keeps_its_limits(sem_home: Path) -> None:
    """In the recipe of the run and beside its weights; a model of an early dataset has none."""
    from pipelines.model_ref import RunRef
    from pipelines.models import resolve_model
    from pipelines.tracking.run_facts import stored_recipe

    dataset = prepared(sem_home, [recorded(signal, "uint16") for signal in truths()])
    steps = {"steps": 1, "batch": 1, "patch": 32, "validate_every": 1}
    run_id = train_run(recipe_for(degradation=LOW_DOSE, train=steps), "d")
    expected = IntensityLimits(input=dataset.manifest.limits("image"), output=dataset.manifest.limits("image"))
    assert stored_recipe(run_id).limits == expected
    model = resolve_model(RunRef(run_id)).model
    assert isinstance(model, RestorationModel)
    assert model.limits == expected
    assert replace(model, direction="backward").limits == expected.swapped
    entries = [
        entry.model_copy(update={"arrays": (entry.arrays[0].model_copy(update={"intensity": (index, 9e3)}),)})
        for index, entry in enumerate(dataset.manifest.entries)
    ]
    early = dataset.manifest.model_copy(update={"entries": tuple(entries)})
    assert adapt(recipe_for(), early).limits is None
