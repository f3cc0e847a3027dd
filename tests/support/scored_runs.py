"""Runs with evaluations that were written by hand, for tests of comparisons."""

from collections.abc import Mapping
from types import MappingProxyType

from pipelines.evaluate.reports import stored_reports
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.runs import create_run
from sem_models.evaluation.report import EvaluationReport, Row

GROUPS = "aabbccdd"
GOOD, FAIR, POOR = (
    [30.0, 31.0, 29.0, 33.0, 30.5, 32.0, 28.0, 30.0],
    [29.9, 31.2, 28.7, 32.6, 30.0, 31.4, 27.3, 29.2],
    [28.0, 28.9, 26.8, 30.7, 28.1, 29.5, 25.4, 27.3],
)
MSE = {"good": 0.003, "fair": 0.001, "poor": 0.004}


def store(
    name: str,
    psnr: list[float],
    mse: float,
    extra: Mapping[str, float] = MappingProxyType({}),
    params: Mapping[str, str] = MappingProxyType({}),
    **changes: object,
) -> str:
    """A run that holds an evaluation of eight images of four specimens; its MSE grows from image to image."""
    run_id = create_run("sem", name, "training", params, {"sem.evaluated.test": "set"})
    scored = [
        (f"i{index}", group, value, mse + 1e-5 * index)
        for index, (group, value) in enumerate(zip(GROUPS, psnr, strict=False))
    ]
    rows = [Row(method=run_id, image=i, group=g, scores={"psnr_db": v, "mse": m, **extra}) for i, g, v, m in scored]
    rows += [
        Row(method="baseline:bicubic", image=i, group=g, scores={"psnr_db": 20.0, "mse": 0.01, **extra})
        for i, g, _, _ in scored
    ]
    setting = {"digest": "d" * 20, "split": "test", "degradation": '{"scale":4,"read_noise":0.0}', "border_px": 4}
    report = EvaluationReport(
        **{**setting, "model": run_id, "dataset": "set", "data_range": 1.0, "rows": tuple(rows), **changes}
    )
    _keep(run_id, report)
    return run_id


def store_backward(run_id: str, name: str, psnr: list[float]) -> None:
    """Give a run an evaluation of its backward generator, in the setting of `store`."""
    rows = [
        Row(method=name, image=f"i{index}", group=group, scores={"psnr_db": value})
        for index, (group, value) in enumerate(zip(GROUPS, psnr, strict=True))
    ]
    forward = stored_reports(run_id)[0]
    _keep(run_id, forward.model_copy(update={"rows": tuple(rows), "model": name}), "backward/")


def _keep(run_id: str, report: EvaluationReport, folder: str = "") -> None:
    put_text(run_id, f"{folder}evaluation/{report.dataset}-{report.split}.json", report.model_dump_json())


def three_runs() -> dict[str, str]:
    """By PSNR good is best and loses one image to fair; by MSE fair is best."""
    scores = {"fair": FAIR, "poor": POOR, "good": GOOD}
    return {name: store(name, psnr, MSE[name]) for name, psnr in scores.items()}
