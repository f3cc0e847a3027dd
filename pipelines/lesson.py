"""Use case: every step of a training on simulated micrographs, to be watched by people who are new to it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pipelines.data.prepare import prepare
from pipelines.data.requests import PrepareRequest
from pipelines.evaluate.requests import EvaluateRequest
from pipelines.evaluate.score import evaluate
from pipelines.home import home
from pipelines.model_ref import RunRef
from pipelines.people.acting import acting_person
from pipelines.release.register import register
from pipelines.release.requests import RegisterRequest
from pipelines.tracking.keys import Experiment
from pipelines.train.requests import LessonRequest, TrainRequest
from pipelines.train.run import train_to_the_end
from sem_models.images.io.write import write_micrograph
from sem_models.physics.simulators.phantoms.table import PHANTOMS, make_phantom
from sem_models.progress import Progress, silent

NAME = "demo-phantoms"
MODEL = "demo-sr-x4"
FIELDS = 5
FIELD_PX = 384
STEPS = 400
_SPECIMENS_PER_KIND = 2


def lesson(
    request: LessonRequest,  # noqa: ARG001 - a lesson has no options
    progress: Progress = silent,
    hook: Callable[[int, int, float], None] | None = None,
) -> dict[str, object]:
    """Make phantoms, dataset, short training, evaluation and registered model; return what was made and its scores."""
    by = acting_person()
    name, model = (text if by.is_local else f"{text}-{by.folder[:6]}" for text in (NAME, MODEL))
    raw = make_raw_images(home().datasets / ".demo-raw", progress)
    dataset, _ = prepare(PrepareRequest(name=name, raw=(raw,), group_by=r"^([a-z]+-specimen\d+)"), progress)
    small = (f"train.steps={STEPS}", "train.validate_every=100", "schedule.warmup_steps=20", "train.ema_decay=0.97")
    changes = (*small, "network.blocks=4", "network.width=24")
    asked = TrainRequest(recipe="srresnet-x4-small", dataset=name, changes=changes, experiment=Experiment.DEMO)
    run = RunRef(train_to_the_end(asked, hook))
    report, _ = evaluate(EvaluateRequest(model=run, dataset=name), progress)
    version = register(RegisterRequest(run=run, name=model))
    return {
        "raw_images": str(raw),
        "dataset": name,
        "digest": dataset.digest,
        "run_id": run.run_id,
        "model": f"models:/{model}@champion",
        "version": version,
        "psnr_db": report.mean(report.model, "psnr_db").mean,
        "floor_psnr_db": report.mean("baseline:bicubic", "psnr_db").mean,
        "gain_db": asdict(report.gain("psnr_db", "baseline:bicubic")),
    }


def make_raw_images(folder: Path, progress: Progress = silent) -> Path:
    """Simulate micrographs as a microscope would save them: TIFF with pixel size, several fields per specimen."""
    folder.mkdir(parents=True, exist_ok=True)
    total = len(PHANTOMS) * FIELDS
    for index in range(total):
        kind, field = list(PHANTOMS)[index // FIELDS], index % FIELDS
        path = folder / f"{kind}-specimen{field % _SPECIMENS_PER_KIND + 1}_field{field + 1}.tif"
        if not path.exists():
            write_micrograph(path, make_phantom(kind, (FIELD_PX, FIELD_PX), seed=100 + field).micrograph)
        progress(index + 1, total, "micrographs simulated")
    return folder
