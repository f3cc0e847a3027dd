"""Scores of a registered version keep the best baseline of the same evaluation."""

from pipelines.release.kept_scores import kept_scores, score_tags
from sem_models.evaluation.report import EvaluationReport, Row

SCORES = {
    "run": {"psnr_db": 30.1234, "mse": 0.00123, "edge_retention": 0.8},
    "baseline:bicubic": {"psnr_db": 29.0, "mse": 0.002, "edge_retention": 0.95},
    "baseline:lanczos": {"psnr_db": 29.5, "mse": 0.0015, "edge_retention": 1.2},
    "baseline:unknown": {"psnr_db": None, "mse": None, "edge_retention": None},
}


def report(methods: list[str]) -> EvaluationReport:
    rows = tuple(Row(method=name, image=str(i), group="g", scores=SCORES[name]) for name in methods for i in range(2))
    return EvaluationReport(
        model="run",
        dataset="steel",
        digest="d",
        split="test",
        degradation="paired",
        data_range=1,
        border_px=0,
        rows=rows,
    )


def test_the_best_baseline_is_the_nearest_to_the_best_value() -> None:
    found = {one.metric: (one.name, one.model, one.baseline) for one in kept_scores(score_tags(report(list(SCORES))))}
    assert found == {
        "psnr_db": ("steel: PSNR (dB)", "30.12 (n = 2)", "baseline:lanczos 29.50"),
        "mse": ("steel: MSE", "0.0012 (n = 2)", "baseline:lanczos 0.0015"),
        "edge_retention": ("steel: Edge retention", "0.8000 (n = 2)", "baseline:bicubic 0.9500"),
    }


def test_a_report_without_baselines_and_what_cannot_be_read_stay_as_they_are() -> None:
    assert {one.baseline for one in kept_scores(score_tags(report(["run"])))} == {""}
    (kept,) = kept_scores({"steel-test.psnr_db": "thirty", "sem.task": "x"})
    assert (kept.model, kept.baseline) == ("thirty", "")
