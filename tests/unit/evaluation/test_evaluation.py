"""Scores against scikit-image and published values; statistics; reports."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sem_models.config.degradation import Degradation
from sem_models.config.networks.capabilities import Capabilities
from sem_models.datasets.dataset import Dataset
from sem_models.errors import UserError
from sem_models.evaluation.baselines.table import Bicubic, Identity, find_baseline
from sem_models.evaluation.metrics import dists, frequency
from sem_models.evaluation.metrics import lpips as perceptual
from sem_models.evaluation.metrics.ssim import ssim, ssim_gaussian
from sem_models.evaluation.metrics.table import METRICS, mse, psnr_db
from sem_models.evaluation.metrics.texture import TEXTURE_SCORES
from sem_models.evaluation.paired import against_baselines, direction, measured
from sem_models.evaluation.report import EvaluationReport, Row
from sem_models.evaluation.scorer import Case, Scorer
from sem_models.evaluation.statistics.intervals import paired_difference
from sem_models.physics.downsampling import downsample
from sem_models.tasks.models import evaluate_model


def test_scores_are_scikit_images() -> None:
    rng = np.random.default_rng(0)
    target = rng.random((40, 50), np.float32)
    output = np.clip(target + rng.normal(0, 0.1, target.shape), 0, 1).astype(np.float32)
    assert psnr_db(output, target, 1.0) == pytest.approx(peak_signal_noise_ratio(target, output, data_range=1.0))
    assert ssim(output, target, 1.0) == pytest.approx(structural_similarity(target, output, data_range=1.0))
    assert mse(output, target, 1.0) == pytest.approx(float(np.mean((output - target) ** 2)), rel=1e-5)
    assert psnr_db(255 * output, 255 * target, 255.0) == pytest.approx(psnr_db(output, target, 1.0), abs=1e-4)
    assert psnr_db(target, target, 1.0) == 100.0
    assert np.isnan(ssim(target[:5], target[:5], 1.0))


@pytest.mark.parametrize("level", [0.0, 0.9])
def test_ssim_in_strips_is_that_of_scikit_image_in_64_bit(level: float) -> None:
    """More rows than a strip, and not a multiple of them; bright smooth images leave little of their variances."""
    rng = np.random.default_rng(3)
    waves = np.sin(np.arange(150)[:, None] / 9) * np.cos(np.arange(97) / 7)
    target = (level + (1 - level) * (0.5 + waves / 2)).astype(np.float32)
    output = np.clip(target + rng.normal(0, 0.01, target.shape), 0, 1).astype(np.float32)
    expected = structural_similarity(target.astype(float), output.astype(float), data_range=1.0)
    assert ssim(output, target, 1.0) == pytest.approx(expected, abs=1e-6)
    assert ssim(target, target, 1.0) == 1


def test_gaussian_ssim_is_that_of_wang_and_colleagues() -> None:
    """Their equations 14 to 16 written out: window of 11 px that sums to 1, K 0.01 and 0.03, inside the image."""
    rng = np.random.default_rng(1)
    target = rng.random((23, 31))
    output = np.clip(target + rng.normal(0, 0.2, target.shape), 0, 1)
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(taps, taps) / taps.sum() ** 2
    values = []
    for row in range(23 - 10):
        for column in range(31 - 10):
            x, y = (image[row : row + 11, column : column + 11] for image in (output, target))
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            shared = (window * (x - mx) * (y - my)).sum()
            light = (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
            values.append(light * (2 * shared + 9e-4) / (vx + vy + 9e-4))
    single = [image.astype(np.float32) for image in (output, target)]
    assert ssim_gaussian(*single, 1.0) == pytest.approx(np.mean(values), abs=1e-5)
    assert ssim_gaussian(255 * single[0], 255 * single[1], 255.0) == pytest.approx(np.mean(values), abs=1e-5)
    weighted = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    assert ssim_gaussian(*single, 1.0) == structural_similarity(single[1], single[0], data_range=1.0, **weighted)
    assert ssim_gaussian(single[1], single[1], 1.0) == pytest.approx(1)
    assert np.isnan(ssim_gaussian(single[0][:10], single[1][:10], 1.0))
    assert "7 x 7" in METRICS["ssim"].label
    assert "Gaussian 11 x 11" in METRICS["ssim_gaussian"].label


@pytest.fixture
def fresh_networks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read anew, and on the CPU, where the tests' own tensors are."""
    for module in (perceptual, dists):
        monkeypatch.setattr(module, "choose_device", lambda: "cpu")
    perceptual._network.cache_clear()
    perceptual._grey_network.cache_clear()
    dists.network.cache_clear()
    yield
    perceptual._network.cache_clear()
    perceptual._grey_network.cache_clear()
    dists.network.cache_clear()


def test_lpips_of_the_published_example(
    torch_home: Path, monkeypatch: pytest.MonkeyPatch, fresh_networks: None
) -> None:
    """Scored as grey, the colour example keeps its order; in colour it gives 0.7219 and 0.1376."""
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    images = {
        name: Image.open(torch_home / "verification" / f"ex_{name}.png").convert("RGB") for name in ("ref", "p0", "p1")
    }
    tensors = {k: torch.from_numpy(np.array(v)).permute(2, 0, 1)[None] / 127.5 - 1 for k, v in images.items()}
    network = perceptual._network()
    with torch.inference_mode():
        colour = [float(network(tensors["ref"], tensors[name])) for name in ("p0", "p1")]
    assert colour == pytest.approx([0.7219, 0.1376], abs=1e-3)
    grey = {name: np.asarray(image.convert("L"), np.float32) / 255 for name, image in images.items()}
    with torch.inference_mode():
        expected = float(network(*(2 * torch.from_numpy(grey[n]).expand(1, 3, 64, 64) - 1 for n in ("p0", "ref"))))
    assert perceptual.lpips_alex(grey["p0"], grey["ref"], 1.0) == pytest.approx(expected, rel=1e-5)
    assert perceptual.lpips_alex(grey["ref"], grey["ref"], 1.0) == pytest.approx(0, abs=1e-6)


def test_features_of_a_target_serve_several_outputs_of_any_size(
    torch_home: Path, monkeypatch: pytest.MonkeyPatch, fresh_networks: None
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    rng = np.random.default_rng(0)
    for shape in ((64, 64), (71, 45)):
        target = rng.random(shape, np.float32)
        outputs = [np.clip(target + rng.normal(0, level, shape), 0, 1).astype(np.float32) for level in (0.02, 0.2)]
        known = perceptual.TargetFeatures(target, 1.0)
        scores = [known.lpips(output) for output in outputs]
        colour = [(2 * torch.from_numpy(image) - 1).expand(1, 3, *shape) for image in (target, *outputs)]
        with torch.inference_mode():
            expected = [float(perceptual._network()(colour[0], output)) for output in colour[1:]]
        assert scores == pytest.approx(expected, rel=1e-5)


def test_each_spectrum_of_a_case_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    original = frequency.windowed_spectrum
    monkeypatch.setattr(frequency, "windowed_spectrum", lambda image: seen.append(1) or original(image))
    rng = np.random.default_rng(0)
    target, *outputs = (rng.random((1, 40, 50), np.float32) for _ in range(4))
    score, cases = (
        Scorer(),
        [Case(target, target, 1, None, None), Case(target[:, ::-1], target[:, ::-1], 1, None, None)],
    )
    found = [score(output, cases[0]) for output in outputs]
    assert len(seen) == 1 + len(outputs)
    other = score(outputs[0], cases[1])
    assert len(seen) == 1 + len(outputs) + 2
    for name, compute in (("frc_mean", frequency.frc_mean), ("spectrum_distance_db", frequency.spectrum_distance_db)):
        inner = [image[0, 1:-1, 1:-1] for image in (*outputs, target)]
        assert [row[name] for row in found] == [compute(image, inner[-1], 1.0) for image in inner[:-1]]
        assert other[name] == compute(inner[0], inner[-1][::-1], 1.0)


def test_without_weights_lpips_and_dists_are_not_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_networks: None, small_dataset: Dataset
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("SEM_OFFLINE", "1")
    report = evaluate_model(Bicubic(2), small_dataset, "test", Degradation(scale=2))
    assert len(report.notes) == 2, "once each, not once an image"
    assert f"put alexnet-owt-7be5be79.pth into {tmp_path}/nowhere/hub/checkpoints" in report.notes[0]
    assert "put dists_alpha_beta.pt" in report.notes[1]
    assert f"{tmp_path}/nowhere/dists" in report.notes[1]
    assert all(row.scores[name] is None for row in report.rows for name in ("lpips_alex", "dists"))
    assert {"psnr_db", "ssim", "mse", "edge_retention", "frc_mean"} <= set(report.metrics)
    assert not {"lpips_alex", "dists"} & set(report.metrics)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.98])
def test_damaged_weights_cost_their_column_and_no_more(
    tmp_path: Path,
    torch_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    fresh_networks: None,
    small_dataset: Dataset,
    kept: float,
) -> None:
    home = tmp_path / "home"
    for file in ("hub/checkpoints/alexnet-owt-7be5be79.pth", "dists/dists_alpha_beta.pt"):
        whole = (torch_home / file).read_bytes()
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_bytes(whole[: int(kept * len(whole))])
    monkeypatch.setenv("TORCH_HOME", str(home))
    report = evaluate_model(Bicubic(2), small_dataset, "test", Degradation(scale=2))
    assert ["alexnet-owt-7be5be79.pth is damaged" in report.notes[0], len(report.notes)] == [True, 2]
    assert "dists_alpha_beta.pt is damaged" in report.notes[1]
    assert all(row.scores[name] is None for row in report.rows for name in ("lpips_alex", "dists"))
    assert all(row.scores["psnr_db"] is not None for row in report.rows)


def test_every_column_of_a_report(
    torch_home: Path, monkeypatch: pytest.MonkeyPatch, fresh_networks: None, small_dataset: Dataset
) -> None:
    """Pixels of 2.5 nm; a scale of 1 has no down-consistency, an unknown pixel size no resolution in nm.

    Nothing was blurred in part, and the targets are no lattices.
    """
    elsewhere = {"blur_gain_db", "sharp_identity_db", "response_auc"}
    elsewhere |= {name for name, metric in METRICS.items() if metric.family == "Lattice"}
    elsewhere |= {"hidden_psnr_db", "psnr_affine_db", *TEXTURE_SCORES}
    elsewhere |= {name for name in METRICS if name.startswith(("dice", "iou"))}
    columns = tuple(name for name in METRICS if name not in elsewhere)
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    report = evaluate_model(Bicubic(2), small_dataset, "test", Degradation(scale=2))
    assert report.metrics == columns
    assert report.notes == ()
    for row in report.rows:
        assert row.scores["frc_resolution_nm"] == pytest.approx(2.5 * row.scores["frc_resolution_px"])
    same_size = evaluate_model(Identity(1), small_dataset, "test", Degradation(scale=1, read_noise=0.05))
    assert "down_consistency_db" not in same_size.rows[0].scores
    entry = small_dataset.entries("test")[0]
    nameless = entry.model_copy(update={"arrays": (entry.arrays[0].model_copy(update={"pixel_size_nm": None}),)})
    manifest = small_dataset.manifest.model_copy(update={"entries": (nameless,)})
    unknown = evaluate_model(Bicubic(2), Dataset(small_dataset.folder, manifest), "test", Degradation(scale=2))
    assert unknown.metrics == tuple(name for name in columns if name != "frc_resolution_nm")


def test_down_consistency_takes_the_whole_output_as_it_is() -> None:
    """Without the clipping and border removal of the other scores, which would keep the target below 100 dB."""
    sharp = np.random.default_rng(0).uniform(-0.5, 1.5, (1, 64, 64)).astype(np.float32)
    low = downsample(torch.from_numpy(sharp)[None], 2, "bicubic_aa")[0].numpy()
    case = Case(low, sharp, 2, "bicubic_aa", None)
    assert Scorer()(sharp, case)["down_consistency_db"] == 100
    corner = sharp.copy()
    corner[:, 0, 0] += 1
    scores = Scorer()(corner, case)
    assert scores["mse"] == 0, "the corner lies in the border that is left out"
    assert scores["down_consistency_db"] < 60


def test_inputs_of_an_instrument_have_texture_scores_but_no_down_consistency(small_dataset: Dataset) -> None:
    """For pairs, what the instrument did to the input is unknown."""
    entry = small_dataset.entries("test")[0]
    whole = entry.arrays[0]
    low = np.array(small_dataset.array(entry, "image")[::2, ::2])
    np.save(small_dataset.folder / "low.npy", low)
    arrays = (
        whole.model_copy(update={"role": "target"}),
        whole.model_copy(update={"role": "input", "file": "low.npy", "shape": low.shape}),
    )
    pair = entry.model_copy(update={"arrays": arrays})
    manifest = small_dataset.manifest.model_copy(update={"kind": "paired", "entries": (pair,)})
    report = evaluate_model(Bicubic(2), Dataset(small_dataset.folder, manifest), "test", Degradation(scale=2))
    assert set(TEXTURE_SCORES) | {"psnr_db"} <= set(report.rows[0].scores)
    assert "down_consistency_db" not in report.rows[0].scores


def test_dists_of_the_published_example(
    torch_home: Path, monkeypatch: pytest.MonkeyPatch, fresh_networks: None
) -> None:
    """The authors' repository gives 0.3347 for its two images; grey equals three identical channels."""
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    images = [Image.open(torch_home / "verification" / f"{name}.png").convert("RGB") for name in ("r0", "r1")]
    colour = [torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 255 for image in images]
    with torch.inference_mode():
        assert float(dists.network()(*colour)) == pytest.approx(0.3347, abs=5e-5)
    grey = [np.asarray(image.convert("L"), np.float32) / 255 for image in images]
    with torch.inference_mode():
        expected = float(dists.network()(*(torch.from_numpy(image).expand(1, 3, 256, 256) for image in grey)))
    assert dists.dists(grey[0], grey[1], 1.0) == pytest.approx(expected, abs=1e-5)
    assert dists.dists(255 * grey[0], 255 * grey[1], 255.0) == pytest.approx(expected, abs=1e-5)
    assert dists.dists(grey[0], grey[0], 1.0) == pytest.approx(0, abs=1e-5)
    assert np.isnan(dists.dists(grey[0][:31], grey[1][:31], 1.0))


def test_dists_of_a_large_image_is_the_mean_of_its_windows(
    torch_home: Path, monkeypatch: pytest.MonkeyPatch, fresh_networks: None
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(torch_home))
    rng = np.random.default_rng(0)
    target = rng.random((300, 520)).astype(np.float32)
    output = np.clip(target + rng.normal(0, 0.2, target.shape) * (np.arange(520) > 260), 0, 1).astype(np.float32)
    halves = [dists.dists(output[22:278, s], target[22:278, s], 1.0) for s in (slice(2, 258), slice(262, 518))]
    assert halves[1] > 10 * max(halves[0], 1e-6)
    assert dists.dists(output, target, 1.0) == pytest.approx(np.mean(halves), abs=1e-6)


def test_a_ratio_is_best_at_one_and_every_metric_ranks() -> None:
    """By hand: edge retention of 0.9 beats 1.2, which beats 0.7; an increase is an improvement only below 1."""
    assert sorted([1.2, 0.7, 0.9], key=lambda value: measured("edge_retention", value)) == [0.9, 1.2, 0.7]
    assert [direction(name) for name in ("psnr_db", "mse", "edge_retention")] == [1, -1, -1]
    assert [METRICS[name].heading[-3:] for name in ("psnr_db", "mse", "edge_retention")] == [") ↑", "E ↓", "→ 1"]
    rows = [
        Row(method=method, image=str(index), group="a", scores={"edge_retention": value, "mse": value})
        for method, values in (("m", (1.3, 1.5)), ("baseline:bicubic", (0.9, 0.8)))
        for index, value in enumerate(values)
    ]
    setting = {"dataset": "d", "digest": "0", "split": "test", "degradation": "paired"}
    report = EvaluationReport(model="m", rows=tuple(rows), data_range=1, border_px=2, **setting)
    assert report.gain("edge_retention", "baseline:bicubic").mean == pytest.approx(0.55)
    (nearer,) = against_baselines([report], ["baseline:bicubic"], "edge_retention")
    assert nearer.interval.mean == pytest.approx(0.4 - 0.15)
    (error,) = against_baselines([report], ["baseline:bicubic"], "mse")
    assert error.interval.mean == pytest.approx(0.55)


def test_pairs_cancel_what_images_share() -> None:
    rng = np.random.default_rng(0)
    difficulty = rng.normal(30, 4, 12)
    better = (difficulty + 0.5 + rng.normal(0, 0.05, 12)).tolist()
    paired = paired_difference(better, difficulty.tolist(), list("abcdefghijkl"))
    assert paired.lo > 0.4
    assert paired.hi < 0.6
    assert paired.p == pytest.approx(2 / 2**12)
    assert paired_difference([1.0, 2.0], [1.0, 2.0], ["a", "b"]).p == 1.0


class Oracle:
    """Upsamples like bicubic, then adds a constant error of 0.1."""

    name = "oracle"
    capabilities = Capabilities(1, 1, 2, 3)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full((*x.shape[:2], x.shape[2] * 2, x.shape[3] * 2), 0.5)


def test_report_has_baselines_rows_and_survives_json(small_dataset: Dataset) -> None:
    report = evaluate_model(Oracle(), small_dataset, "test", Degradation(scale=2))
    assert report.methods == ("oracle", "baseline:bicubic", "baseline:identity", "baseline:bicubic+projection")
    assert report.images == len(small_dataset.entries("test"))
    entry = small_dataset.entries("test")[0]
    sharp = small_dataset.unit(entry, "image")[0][2:-2, 2:-2]
    assert report.values("oracle", "mse")[0] == pytest.approx(float(((sharp - 0.5) ** 2).mean()), rel=1e-5)
    assert report.mean("baseline:bicubic", "psnr_db").mean > report.mean("baseline:identity", "psnr_db").mean
    assert report.gain("psnr_db", "baseline:bicubic").mean < 0
    again = EvaluationReport.model_validate_json(report.model_dump_json())
    assert again == report
    noisy = evaluate_model(Oracle(), small_dataset, "test", Degradation(scale=2, read_noise=0.1))
    assert report.comparable(again)
    assert not report.comparable(noisy)


def test_wrong_scale_is_reported(small_dataset: Dataset) -> None:
    with pytest.raises(UserError, match="enlarges 2 times"):
        evaluate_model(Oracle(), small_dataset, "test", Degradation(scale=4))
    with pytest.raises(UserError, match=r"no baseline .lanczos.; use baseline:bicubic, "):
        find_baseline("lanczos", 2)
    x = torch.rand(1, 1, 4, 4)
    assert torch.equal(Identity(2)(x)[0, 0, ::2, ::2], x[0, 0])
    assert torch.equal(Identity(1)(x), x)
