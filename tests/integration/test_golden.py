"""Published predictions of Petrography2SEM give the published scores."""

from pathlib import Path

import numpy as np
import pytest

from sem_models.evaluation.metrics.ssim import ssim
from sem_models.evaluation.metrics.table import mse, psnr_db
from sem_models.images.io.read import read_micrograph

EXPECTED = {"BSD": (28.05, 0.603, 0.00166), "SE": (23.87, 0.310, 0.00436)}


@pytest.mark.realdata
@pytest.mark.parametrize("detector", EXPECTED)
def test_published_predictions(shared_data: Path, detector: str) -> None:
    folder = shared_data / "petrography_sem_crops" / f"Unet_to{detector}_TestSetPredictions"
    scores = []
    for original in sorted(folder.glob("original_*.png")):
        target, output = (
            read_micrograph(path).pixels[..., 0].astype(np.float32) / 255
            for path in (original, original.with_name(original.name.replace("original", "prediction")))
        )
        scores.append((psnr_db(output, target, 1.0), ssim(output, target, 1.0), mse(output, target, 1.0)))
    assert len(scores) == 24
    psnr, similarity, error = np.mean(scores, axis=0)
    expected = EXPECTED[detector]
    assert psnr == pytest.approx(expected[0], abs=0.005)
    assert similarity == pytest.approx(expected[1], abs=0.0005)
    assert error == pytest.approx(expected[2], abs=0.000005)
