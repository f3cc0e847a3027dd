"""`simulate` on the command line: files, settings, dataset, and matching a micrograph."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.__main__ import app
from pipelines.data.simulate import SimulatedImage, render_image
from sem_models.datasets.dataset import open_dataset
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.physics.simulators.fringe import measured_fringe
from sem_models.physics.simulators.lattice import Lattice, render


def simulate(*arguments: str) -> dict:
    result = CliRunner().invoke(app, ["simulate", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.strip().splitlines()[-1])


def test_images_settings_and_dataset(sem_home: Path) -> None:
    """Split by image 60 / 20 / 20; each image can be reproduced from the settings in its file."""
    done = simulate("--name", "s", "--count", "5", "--size", "96")
    assert done["images"] == {"train": 3, "val": 1, "test": 1}
    settings = json.loads((Path(done["raw"]) / "simulation.json").read_text())["images"]
    assert done["dents"] == sum(len(image["dents"]) for image in settings) >= 5
    for path, image in zip(sorted(Path(done["raw"]).glob("*.tif")), settings, strict=True):
        stored = read_micrograph(path)
        assert stored.pixels.dtype == np.uint16
        assert stored.pixels.shape == (96, 96, 1)
        assert str(path.stem) in {entry.group for entry in open_dataset(Path(done["folder"])).manifest.entries}
        again = render_image(SimulatedImage.model_validate(image))
        np.testing.assert_allclose(stored.pixels[..., 0] / 65535, again, atol=1e-5)
        assert stored.history[0].origin == "synthetic"
        assert json.loads(stored.history[0].settings) == image
    assert simulate("--name", "s", "--count", "5", "--size", "96")["digest"] == done["digest"]
    assert simulate("--name", "none", "--count", "3", "--size", "96", "--no-dents")["dents"] == 0


def test_like_takes_period_direction_and_pixel_size(sem_home: Path, tmp_path: Path) -> None:
    """For a noisy micrograph whose most widely spaced rows are 13 px apart; within 10 % and 3 degrees."""
    clean, _ = render(Lattice(a_px=9, b_px=13, rotation_deg=25), (256, 256), np.random.default_rng(0))
    noisy = np.random.default_rng(1).poisson(clean * 30)
    write_micrograph(tmp_path / "real.tif", Micrograph(noisy.astype(np.uint16)[..., None], 0.02))
    done = simulate("--name", "s", "--count", "4", "--size", "256", "--no-dents", "--like", str(tmp_path / "real.tif"))
    spacing, angle = measured_fringe(noisy.astype(np.float32))
    assert done["period_px"] == pytest.approx([0.9 * spacing, 1.1 * spacing], rel=1e-6)
    assert done["rotation_deg"] == pytest.approx([angle - 3, angle + 3], abs=1e-6)
    for path in Path(done["raw"]).glob("*.tif"):
        image = read_micrograph(path)
        assert image.pixel_size_nm == pytest.approx(0.02)
        found, _ = measured_fringe(image.pixels[..., 0].astype(np.float32))
        assert 0.86 * spacing < found < 1.14 * spacing


def test_mistakes_are_one_line(sem_home: Path, tmp_path: Path) -> None:
    flat = np.random.default_rng(0).integers(0, 255, (128, 128, 1)).astype(np.uint8)
    write_micrograph(tmp_path / "flat.tif", Micrograph(flat))
    simulate("--name", "taken", "--count", "3", "--size", "64")
    cases = {
        ("--period", "14,8"): "SHORTEST,LONGEST",
        ("--period", "eight"): "8,14",
        ("--period", "20,30", "--size", "96"): "--size",
        ("--like", str(tmp_path / "flat.tif")): "no lattice",
        ("--like", "x.tif", "--period", "8,9"): "leave",
        ("--name", "a/b"): "folder name",
        ("--name", "taken", "--count", "4", "--size", "64"): "choose another --name",
    }
    for arguments, words in cases.items():
        result = CliRunner().invoke(app, ["simulate", "--name", "x", *arguments])
        assert result.exit_code == 2, (arguments, result.output)
        assert words in result.stderr.strip().splitlines()[-1], (arguments, result.stderr)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "period"), [("Si110_5nmX25us_03_none_none.png", 34.4), ("10_dso_8nm_none_none.png", 50)]
)
def test_real_lattices_are_measured(shared_data: Path, file: str, period: float) -> None:
    """Compared with the integer peak of the spectrum; drift in the second image makes its two edges differ by 5 %."""
    image = read_micrograph(shared_data / "haadf_atomic_lattice" / "experimental" / file).pixels[..., 0]
    spacing, _ = measured_fringe(image.astype(np.float32))
    assert spacing == pytest.approx(period, rel=0.04)
