"""Inpainting of scan lines: batches, scores compared with interpolation, and files that change only in the lines."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sem_models.config.overrides import override, override_degradation
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.sampling.sampler import Crops
from sem_models.errors import UserError
from sem_models.evaluation.baselines.lines import InterpolatedLines, interpolate_lines
from sem_models.images.databar import DataBar
from sem_models.images.micrograph import Micrograph
from sem_models.inference.model import RestorationModel
from sem_models.inference.predictor import Predictor
from sem_models.networks.table import build_network
from sem_models.physics.degrade import degrade
from sem_models.physics.frame import Window
from sem_models.tasks.compatibility import check_compatible
from sem_models.tasks.inpainting import INPAINTING
from sem_models.tasks.models import evaluate_model, task_of
from tests.support.images import smooth_images
from tests.support.recorder import Recorder
from tests.support.small_recipes import narrow

RECIPE = narrow(find_recipe("inpaint-lines-small"))
NO_BAR = DataBar(0, "none")


def untrained(recipe: Recipe = RECIPE) -> RestorationModel:
    torch.manual_seed(0)
    network = build_network(recipe.network)
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    return RestorationModel(recipe, network.eval(), "drawn at random")


def test_interpolation_gives_a_plane_back() -> None:
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(30.0), indexing="ij")
    plane = (0.2 + 0.01 * rows - 0.005 * columns).double()[None, None]
    hidden = (torch.rand(1, 1, 40, 30, generator=torch.Generator().manual_seed(0)) < 0.7).double()
    hidden[:, :, [0, -1]] = 0
    spoilt = torch.where(hidden > 0, 9.0, plane)
    assert torch.allclose(interpolate_lines(spoilt, hidden), plane, atol=1e-15)


def test_interpolation_is_that_of_numpy_column_by_column() -> None:
    """The nearest good pixel at image edges; also several images and channels, and columns without good pixels."""
    generator = torch.Generator().manual_seed(1)
    x, hidden = torch.rand(3, 2, 25, 20, generator=generator), torch.rand(3, 1, 25, 20, generator=generator).round()
    hidden[0, 0, :, 3] = 1
    filled = interpolate_lines(x, hidden)
    for image, channel, column in np.ndindex(3, 2, 20):
        good = np.flatnonzero(hidden[image, 0, :, column] == 0)
        values = x[image, channel, :, column].numpy()
        expected = np.interp(np.arange(25), good, values[good]) if good.size else values
        np.testing.assert_allclose(filled[image, channel, :, column], expected, atol=1e-6)
    kept = (hidden == 0).expand_as(x)
    assert torch.equal(filled[kept], x[kept])


def test_a_batch_shows_crops_of_spoilt_frames() -> None:
    """Input and target differ only inside the mask; each gap is filled from good lines inside the crop."""
    clean = torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    windows = [Window(top, 40, 64, 64, 512, 700) for top in (0, 448, *range(100, 400, 50))]
    batch = INPAINTING.batch(RECIPE, Crops({"image": clean}, windows), torch.Generator().manual_seed(0))
    image, hidden = batch["input"][:, :1], batch["input"][:, 1:]
    assert torch.equal(batch["target"], clean)
    assert 0.05 < hidden.mean() < 0.4
    assert set(hidden.unique().tolist()) == {0.0, 1.0}
    changed = (image - clean).abs() * (1 - hidden)
    assert changed.max() < 0.021, "what is left of a streak"
    assert torch.equal(interpolate_lines(image, hidden), image)
    inner = hidden[2:, 0]
    assert not inner[:, [0, -1]].any(), "a gap that the crop cuts could not be filled as in the frame"


def test_the_network_alters_nothing_but_hidden_pixels() -> None:
    model = untrained()
    x = torch.rand(2, 2, 16, 24)
    x[:, 1:] = x[:, 1:].round()
    with torch.inference_mode():
        output = model(x)
    hidden = x[:, 1:] > 0.5
    assert torch.equal(output[~hidden], x[:, :1][~hidden])
    assert (output[hidden] != x[:, :1][hidden]).all()


def test_scores_beside_interpolation(small_dataset: Dataset) -> None:
    report = evaluate_model(untrained(), small_dataset, "test", RECIPE.degradation)
    assert report.methods == ("drawn at random", "baseline:interpolated-lines")
    assert {"psnr_db", "ssim", "hidden_psnr_db"} <= set(report.metrics)
    assert '"lines"' in report.degradation
    for name in report.methods:
        for whole, hidden in zip(report.values(name, "psnr_db"), report.values(name, "hidden_psnr_db"), strict=True):
            assert hidden < whole, "good pixels are exact"
    again = evaluate_model(InterpolatedLines(), small_dataset, "test", RECIPE.degradation)
    assert again.methods == ("baseline:interpolated-lines",)
    assert again.values(again.model, "hidden_psnr_db") == report.values(again.model, "hidden_psnr_db")


def test_validation_shows_what_was_recorded(small_dataset: Dataset) -> None:
    recorder = Recorder()
    scores = INPAINTING.validator(RECIPE, small_dataset, "cpu")(untrained(), 1, recorder)
    assert {"val/psnr_db", "val/floor_psnr_db", "val/ssim", "val/floor_ssim"} == set(scores)
    panels = next(iter(recorder.samples.values()))
    assert set(panels) == {"input", "floor", "output", "target"} == set(INPAINTING.words.panels)
    spoilt = np.abs(panels["input"] - panels["target"]) > 0.03
    assert spoilt.any()
    error = {name: np.abs(panels[name] - panels["target"])[spoilt].mean() for name in ("input", "floor")}
    assert error["floor"] < error["input"]


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535), (np.uint16, 9000), (np.float32, 7.5)])
def test_good_pixels_pass_bit_for_bit(dtype: type, top: float) -> None:
    """For any data type, and with intensity limits that ignore dead lines."""
    rng = np.random.default_rng(0)
    pixels = (rng.uniform(0.4, 0.9, (80, 120, 1)) * top).astype(dtype)
    mask = np.zeros((80, 120, 1), np.uint8)
    mask[20:24], mask[50, 30:90] = 255, 255
    damaged = np.where(mask > 0, 0, pixels).astype(dtype)
    files = [Micrograph(damaged, 3.0, {"voltage_kv": 5.0}, "a.tif"), Micrograph(mask, source="a-mask.tif")]
    model = untrained()
    output = INPAINTING.apply(Predictor(model, "cpu"), RECIPE, INPAINTING.join(files, [NO_BAR, NO_BAR]))
    assert output.pixels.dtype == dtype
    assert output.pixels.shape == (80, 120, 1)
    assert np.array_equal(output.pixels[mask == 0], pixels[mask == 0])
    assert (output.pixels[mask > 0] > 0).all()
    assert output.pixel_size_nm == 3.0
    assert output.metadata["voltage_kv"] == 5.0
    assert "540 px in 5 lines redrawn, mask given" in output.provenance
    assert output.provenance.startswith("Restored")


def test_the_mask_is_found_where_none_is_given() -> None:
    image = smooth_images(1, 128)[0][..., None]
    damaged = image.copy()
    damaged[40:43], damaged[90, 20:100] = 0, 255
    predictor = Predictor(InterpolatedLines(), "cpu")
    output = task_of(predictor.model).apply(predictor, None, Micrograph(damaged))
    assert "464 px in 4 lines redrawn, mask found" in output.provenance
    error = np.abs(output.pixels.astype(int) - image)
    assert error[40:43].mean() < 0.2 * np.abs(damaged.astype(int) - image)[40:43].mean()
    assert np.array_equal(output.pixels[[39, 43, 89, 91]], image[[39, 43, 89, 91]])
    untouched = task_of(predictor.model).apply(predictor, None, Micrograph(image))
    assert np.array_equal(untouched.pixels, image)
    assert "0 px in 0 lines" in untouched.provenance


def test_a_mask_goes_without_data_bar_where_the_image_does() -> None:
    image = Micrograph(np.full((60, 50, 1), 1000, np.uint16), source="a.tif")
    mask = Micrograph(np.full((60, 50, 1), 255, np.uint8), source="m.tif")
    joined = INPAINTING.join([image, mask], [DataBar(10, "metadata"), DataBar(20, "detection")])
    assert joined.pixels.shape == (50, 50, 2)
    assert joined.pixels.dtype == np.uint16
    assert set(joined.pixels[..., 1].ravel()) == {1}
    with pytest.raises(UserError, match="size"):
        INPAINTING.join([image, replace(mask, pixels=mask.pixels[:, :40])], [NO_BAR, NO_BAR])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["degradation.lines=none"], "degradation.lines.rate"),
        (["degradation.read_noise=0.1"], "read_noise=0"),
        (["degradation.blur.size_px=1,1"], "blur=none"),
    ],
)
def test_what_inpainting_cannot_learn_is_refused(small_dataset: Dataset, changes: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_compatible(override(RECIPE, changes), small_dataset.manifest)


def test_other_networks_and_pairs_are_refused(small_dataset: Dataset) -> None:
    check_compatible(RECIPE, small_dataset.manifest)
    plain = RECIPE.model_copy(update={"network": narrow(find_recipe("nafnet-denoise-small")).network})
    with pytest.raises(UserError, match="network of kind inpainter"):
        check_compatible(plain, small_dataset.manifest)
    pairs: Manifest = small_dataset.manifest.model_copy(update={"kind": "paired"})
    with pytest.raises(UserError, match="single"):
        INPAINTING.check_dataset(RECIPE, pairs)


def test_lines_are_for_inpainting_alone() -> None:
    forward = override_degradation(find_recipe("nafnet-denoise-small").degradation, ["degradation.lines.rate=0.1"])
    assert forward.lines is not None
    assert forward.lines.rate == 0.1
    with pytest.raises(UserError, match="inpainting"):
        degrade(torch.zeros(1, 1, 8, 8), forward, torch.Generator())
