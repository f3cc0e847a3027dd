"""Predictions start fast: the compiler of PyTorch, whose import takes seconds, is left out of every one of them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph

ROOT = Path(__file__).resolve().parents[2]
PREDICT = """
import sys
from pipelines.cli.app import app
from pipelines.cli import predict

try:
    app()
except SystemExit as stopped:
    if stopped.code:
        raise
assert "sem_models.inference.tiling.memory" in sys.modules, "no tile was measured"
assert "torch._dynamo" not in sys.modules
"""


def test_an_image_is_restored_without_the_compiler(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (600, 520, 1)).astype(np.uint8)
    write_micrograph(tmp_path / "image.tif", Micrograph(grey, 4.0))
    command = ["predict", "starter:denoise", str(tmp_path / "image.tif"), "--out", str(tmp_path / "out")]
    home = {**os.environ, "SEM_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, *command], cwd=ROOT, env=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "image.tif").exists()
