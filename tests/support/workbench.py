"""A home as it looks after a first day of work: micrographs, a dataset, trained and scored models, a study.

Everything is simulated by the program itself, so that pictures of it may be published.
"""

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.lesson import NAME, lesson
from pipelines.model_ref import RunRef, parse_model
from pipelines.study.create import create_study
from pipelines.study.definition import StudyCreateRequest
from pipelines.study.studies import list_studies
from pipelines.tracking.runs import list_runs
from pipelines.train.requests import LessonRequest, TrainRequest
from pipelines.train.run import train_to_the_end
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.physics.simulators.phantoms.render import Beam
from sem_models.physics.simulators.phantoms.table import make_phantom
from tests.support.empty_store import add_empty_store

STUDY = "Which enlargement is real?"
FRAMES = ("particles", "particles", "pores", "pores", "laths", "laths", "fibres", "fibres")
"""What the frames of the session show, two of each specimen."""
FRAME_PX = (480, 640)
BAR_PX = 36
NOISY = Beam(dose_e_per_px=20.0)
_SECOND = ("train.steps=150", "train.validate_every=50", "schedule.warmup_steps=10", "train.ema_decay=0.95")


def make_workbench(home: Path) -> None:
    """Fill the home of this process; what a former call has finished is kept, since the trainings take minutes."""
    if not (home / "session-12").exists():
        record_session(home / "session-12")
    if not (home / "mlruns" / "mlflow.db").exists():
        add_empty_store(home)
    names = [run.name for run in list_runs(kind="training") if run.status == "FINISHED"]
    if not any("srresnet" in name for name in names):
        lesson(LessonRequest())
    if not any("vdsr" in name for name in names):
        _train_second()
    if not list_studies():
        models = (parse_model("models:/demo-sr-x4@champion"), parse_model("baseline:bicubic"))
        asked = {"name": STUDY, "author": "A. Mikroskop", "dataset": NAME, "trials": 12, "crop_px": 96}
        create_study(StudyCreateRequest(models=models, **asked))


def record_session(folder: Path) -> None:
    """Simulate a session at the microscope: eight frames with data bars, and one of them saved a second time."""
    folder.mkdir()
    for index, kind in enumerate(FRAMES):
        frame = make_phantom(kind, FRAME_PX, seed=40 + index, beam=NOISY, pixel_size_nm=4.0).micrograph
        name = f"{kind}-A{index // 2 + 1}_{index % 2 + 1}"
        pixels = _with_bar(frame.pixels, name.replace("_", " "))
        write_micrograph(folder / f"{name}.tif", Micrograph(pixels, frame.pixel_size_nm, frame.metadata))
    shutil.copyfile(folder / f"{FRAMES[0]}-A1_1.tif", folder / f"{FRAMES[0]}-A1_1-copy.tif")


def _with_bar(pixels: NDArray[np.generic], text: str) -> NDArray[np.uint8]:
    """Write a data bar below an (H, W, 1) image, as microscopes do."""
    width = pixels.shape[1]
    bar = Image.new("L", (width, BAR_PX), 0)
    draw, font = ImageDraw.Draw(bar), ImageFont.load_default(16)
    draw.text((12, 9), f"5.00 kV   SE   x 25,000   {text}", 255, font=font)
    draw.line((width - 150, 18, width - 25, 18), 255, 3)
    draw.text((width - 115, 19), "500 nm", 255, font=ImageFont.load_default(13))
    return np.concatenate([pixels.astype(np.uint8), np.asarray(bar)[:, :, None]], axis=0)


def _train_second() -> None:
    run_id = train_to_the_end(TrainRequest(recipe="vdsr-x4-small", dataset=NAME, changes=_SECOND))
    evaluate(EvaluateRequest(model=RunRef(run_id), dataset=NAME))
