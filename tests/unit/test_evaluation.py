"""Scores against scikit-image and published values; statistics; reports."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sem_models.data.dataset import Dataset
from sem_models.errors import UserError
from sem_models.evaluation import perceptual
from sem_models.evaluation.evaluate import evaluate_model
from sem_models.evaluation.floors import Bicubic, Identity, find_floor
from sem_models.evaluation.metrics import mse, psnr_db, ssim
from sem_models.evaluation.report import EvaluationReport
from sem_models.evaluation.statistics import bootstrap_interval, paired_difference
from sem_models.networks.capabilities import Capabilities
from sem_models.physics.degradation import Degradation


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


@pytest.fixture
def fresh_lpips(monkeypatch: pytest.MonkeyPatch) -> None:
    perceptual._network.cache_clear()
    yield
    perceptual._network.cache_clear()


def test_lpips_of_the_published_example(torch_home: Path, monkeypatch: pytest.MonkeyPatch, fresh_lpips: None) -> None:
    """The colour example scored as grey keeps the order; colour itself gives 0.7219 and 0.1376 (network as wrapped)."""
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


def test_lpips_without_weights_is_not_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_lpips: None, small_dataset: Dataset
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("SEM_OFFLINE", "1")
    report = evaluate_model(Bicubic(2), small_dataset, "test", Degradation(scale=2))
    assert "alexnet" in report.notes[0]
    assert len(report.notes) == 1
    assert all(row.scores["lpips_alex"] is None for row in report.rows)
    assert report.metrics == ("psnr_db", "ssim", "mse")


def test_bootstrap_covers_and_pairs_cancel() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(60):
        interval = bootstrap_interval(rng.normal(5, 1, 30).tolist())
        hits += interval.lo <= 5 <= interval.hi
    assert 50 <= hits <= 60
    difficulty = rng.normal(30, 4, 12)
    paired = paired_difference((difficulty + 0.5 + rng.normal(0, 0.05, 12)).tolist(), difficulty.tolist())
    assert paired.lo > 0.4
    assert paired.hi < 0.6
    assert paired.p == pytest.approx(2 / 2**12)
    assert paired_difference([1.0, 2.0], [1.0, 2.0]).p == 1.0
    single = bootstrap_interval([float("nan"), 2.0])
    assert (single.mean, single.n) == (2.0, 1)
    assert np.isnan(single.lo), "one image gives no interval"


class Oracle:
    """Knows nothing but enlarges like bicubic, then adds a constant error of 0.1."""

    name = "oracle"
    capabilities = Capabilities(1, 1, 2, 3)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full((*x.shape[:2], x.shape[2] * 2, x.shape[3] * 2), 0.5)


def test_report_has_floors_rows_and_survives_json(small_dataset: Dataset) -> None:
    report = evaluate_model(Oracle(), small_dataset, "test", Degradation(scale=2))
    assert report.methods == ("oracle", "floor:bicubic", "floor:identity")
    assert report.images == len(small_dataset.entries("test"))
    entry = small_dataset.entries("test")[0]
    sharp = small_dataset.unit(entry, "image")[0][2:-2, 2:-2]
    assert report.values("oracle", "mse")[0] == pytest.approx(float(((sharp - 0.5) ** 2).mean()), rel=1e-5)
    assert report.mean("floor:bicubic", "psnr_db").mean > report.mean("floor:identity", "psnr_db").mean
    assert report.gain("psnr_db", "floor:bicubic").mean < 0
    again = EvaluationReport.model_validate_json(report.model_dump_json())
    assert again == report
    noisy = evaluate_model(Oracle(), small_dataset, "test", Degradation(scale=2, read_noise=0.1))
    assert report.comparable(again)
    assert not report.comparable(noisy)


def test_wrong_scale_is_said(small_dataset: Dataset) -> None:
    with pytest.raises(UserError, match="enlarges 2 times"):
        evaluate_model(Oracle(), small_dataset, "test", Degradation(scale=4))
    with pytest.raises(UserError, match="floor:bicubic"):
        find_floor("lanczos", 2)
    x = torch.rand(1, 1, 4, 4)
    assert torch.equal(Identity(2)(x)[0, 0, ::2, ::2], x[0, 0])
    assert torch.equal(Identity(1)(x), x)
