"""The demo restores simulated micrographs with the starter models, and the lesson trains one."""

from pathlib import Path

import pytest

from pipelines import demo
from pipelines.predict.requests import DemoRequest
from sem_models.images.io.read import read_micrograph


def test_the_demo_is_restored_by_starters_and_better_than_without(
    sem_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.data.sample._SIZE", (128, 160))
    monkeypatch.setattr(demo, "_ENLARGED_PX", (128, 160))
    denoised, enlarged = demo.demo(DemoRequest())
    assert (denoised.model, enlarged.model) == ("starter:denoise", "starter:sr-x2")
    assert denoised.psnr_db > denoised.beside_psnr_db + 5
    assert enlarged.psnr_db > enlarged.beside_psnr_db + 2
    small, large = (read_micrograph(path) for path in (enlarged.source, enlarged.output))
    assert large.pixels.shape == (128, 160, 1)
    assert small.pixel_size_nm == 2 * large.pixel_size_nm
    assert denoised.output.is_relative_to(sem_home / "results")
    # Once more, over what is there.
    assert [one.psnr_db for one in demo.demo(DemoRequest())] == [denoised.psnr_db, enlarged.psnr_db]
