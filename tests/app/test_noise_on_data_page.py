"""The Data page estimates the noise of an image of the plan and says what the command line says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

from pipelines.__main__ import app as command_line
from tests.support.pages import page


def recorded(sigma: float, size: int) -> Image.Image:
    rng = np.random.default_rng(int(10 * sigma) + size)
    noise = gaussian_filter(rng.standard_normal((size, size)), sigma)
    slow = 0.4 + 0.2 * np.sin(np.arange(size) / 60) + 0.1 * np.cos(np.arange(size)[:, None] / 45)
    return Image.fromarray((255 * (slow + 0.06 * noise / noise.std())).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("sigma", "size", "expected"),
    [(0.7, 320, "correlation length (1/e)  1.4"), (0.4, 192, "cannot be excluded")],
    ids=["measured", "unknown"],
)
def test_the_page_says_what_the_command_says(
    sigma: float, size: int, expected: str, sem_home: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for index in range(3):
        recorded(sigma, size).rotate(90 * index).save(raw / f"S{index}.png")
    app = page("data")
    app.text_input(key="name").input("d")
    app.text_input(key="raw-folder").input(str(raw)).run()
    app.button[0].click().run()
    assert not app.code
    button = next(button for button in app.button if button.label == "Estimate the noise")
    name = str(button.key).removeprefix("noise-")
    button.click().run()
    assert not app.exception
    said = "\n".join([*app.code[0].value.splitlines(), *(warning.value for warning in app.warning)])
    assert expected in said
    app.run()
    assert app.code, "the answer stays while something else is done on the page"
    printed = CliRunner().invoke(command_line, ["noise", str(raw / name)]).stdout
    lines = [line.removeprefix("Note:").strip() for line in printed.splitlines()[1:-1]]
    assert len(lines) > 5
    for line in lines:
        assert line in said


def test_16_bit_images_get_settings_for_the_dataset_that_is_chosen(sem_home: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for index in range(3):
        rng = np.random.default_rng(index)
        clean = 4000 + 1500 * np.sin(np.arange(192) / 30)[None] + 500 * np.cos(np.arange(192) / 25)[:, None]
        Image.fromarray(rng.poisson(clean / 50).astype(np.uint16) * 50).save(raw / f"S{index}.tif")
    app = page("data")
    app.text_input(key="name").input("d")
    app.text_input(key="raw-folder").input(str(raw)).run()
    app.button[0].click().run()
    name = next(str(button.key) for button in app.button if button.label == "Estimate the noise")
    app.button(key=name).click().run()
    assert not app.exception
    captions = [caption.value for caption in app.caption]
    assert not any("degradation.dose_e_per_px" in caption for caption in captions)
    assert any("no settings of a training" in caption and "*Dataset*" in caption for caption in captions)
    prepared = CliRunner().invoke(command_line, ["prepare", str(raw), "--name", "d"])
    assert prepared.exit_code == 0, prepared.output
    app.run()
    assert not app.exception
    told = next(caption.value for caption in app.caption if "degradation.dose_e_per_px" in caption.value)
    file = str(raw / name.removeprefix("noise-"))
    settings = CliRunner().invoke(command_line, ["noise", file, "--dataset", "d"]).stdout.splitlines()[-1]
    assert all(f"`{one}`" in told for one in settings.split()[1::2])
