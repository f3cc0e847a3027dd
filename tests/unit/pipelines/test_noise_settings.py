"""The settings that `noise` gives make as much noise on the images of a dataset as was recorded."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.data.noise import measure_noise
from pipelines.data.requests import NoiseRequest
from sem_models.config.degradation import Degradation
from sem_models.config.overrides import override_degradation
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.datasets.preparation.plan import plan_dataset
from sem_models.datasets.preparation.write import write_dataset
from sem_models.errors import UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.physics.degrade import degrade


def scene(seed: int, black: float, white: float) -> np.ndarray:
    image = gaussian_filter(np.random.default_rng(seed).standard_normal((384, 448)), 16)
    return black + (white - black) * (image - image.min()) / np.ptp(image)


def write(path: Path, image: np.ndarray, dtype: str) -> Path:
    pixels = image if dtype == "float32" else np.clip(np.rint(image), 0, np.iinfo(dtype).max)
    write_micrograph(path, Micrograph(pixels.astype(dtype)[:, :, None]))
    return path


@pytest.fixture
def clean(sem_home: Path) -> Callable[[float, float, str], Dataset]:
    def prepared(black: float, white: float, dtype: str) -> Dataset:
        raw = sem_home / "clean"
        raw.mkdir()
        for seed in range(3):
            rough = np.random.default_rng(seed).normal(0, (white - black) / 1000, (384, 448))
            write(raw / f"S{seed}.tif", scene(seed, black, white) + rough, dtype)
        return write_dataset(plan_dataset(PrepareOptions(name="clean", raw=(raw,))), sem_home / "datasets" / "clean")

    return prepared


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize(
    ("black", "white", "grey_per_electron", "dtype"),
    [(2000, 6000, 200, "uint16"), (100, 6000, 200, "uint16"), (-3.0, 5.0, 0.4, "float32"), (30, 220, 8, "uint8")],
)
def test_the_simulation_has_the_variance_of_the_recording(
    frames: int, black: float, white: float, grey_per_electron: float, dtype: str, clean, tmp_path: Path
) -> None:
    """Shot noise with its zero at 0 grey levels, -3 for floats: the variance at three brightnesses is known."""
    dataset, rng, zero = clean(black, white, dtype), np.random.default_rng(0), min(black, 0)
    signal = scene(9, black, white) - zero
    files = [
        write(tmp_path / f"{i}.tif", zero + rng.poisson(signal / grey_per_electron) * grey_per_electron, dtype)
        for i in range(frames)
    ]
    measured = measure_noise(NoiseRequest(file=files[0], second=dict(enumerate(files)).get(1), dataset="clean"))
    entry = dataset.manifest.entries[0]
    lo, hi = entry.array("image").intensity
    unit = torch.from_numpy(dataset.unit(entry, "image"))[None]
    settings = override_degradation(Degradation(scale=1), measured.assignments)
    added = (hi - lo) * (degrade(unit, settings, torch.Generator().manual_seed(0)) - unit)[0, 0].numpy()
    grey = np.asarray(dataset.array(entry, "image"))[..., 0].astype(float)
    for share in (0.3, 0.5, 0.7):
        near = abs(grey - black - share * (white - black)) < 0.1 * (white - black)
        assert added[near].var() == pytest.approx(grey_per_electron * (grey[near].mean() - zero), rel=0.1)


def test_without_a_dataset_a_16_bit_file_gives_no_settings(sem_home: Path, tmp_path: Path) -> None:
    noisy = np.random.default_rng(0).poisson(scene(9, 2000, 6000) / 200) * 200
    file = write(tmp_path / "noisy.tif", noisy, "uint16")
    said = CliRunner().invoke(app, ["noise", str(file)]).stdout
    lo, hi = np.percentile(noisy, (0.1, 99.9))
    assert f"{lo:.6g} to {hi:.6g}" in said
    assert "--set" not in said
    assert "--dataset" in said
    content = json.loads(CliRunner().invoke(app, ["noise", str(file), "--json"]).stdout.splitlines()[-1])
    assert content["assignments"] == []
    assert content["limits"] == pytest.approx([lo, hi])
    byte = write(tmp_path / "byte.tif", noisy / 40, "uint8")
    assert "--set degradation.dose_e_per_px=" in CliRunner().invoke(app, ["noise", str(byte)]).stdout


@pytest.mark.parametrize(
    ("image", "dtype"), [(scene(9, 30, 220), "uint8"), (scene(9, 30000, 60000), "uint16")], ids=["depth", "grey levels"]
)
def test_a_file_of_other_grey_levels_than_the_dataset_is_refused(
    image: np.ndarray, dtype: str, clean, tmp_path: Path
) -> None:
    clean(2000, 6000, "uint16")
    noisy = image + np.random.default_rng(0).normal(0, 5, image.shape)
    file = write(tmp_path / "noisy.tif", noisy, dtype)
    with pytest.raises(UserError, match=r"noisy\.tif .*cannot be compared with dataset 'clean' \(uint16"):
        measure_noise(NoiseRequest(file=file, dataset="clean"))
    with pytest.raises(UserError, match="no dataset 'other'"):
        measure_noise(NoiseRequest(file=file, dataset="other"))
