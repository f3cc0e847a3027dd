"""Scores as lines of text: one column for numbers, and no interval if there is none."""

from statistics import fmean

import pytest

from pipelines.cli.app import Output
from pipelines.cli.lines import write_gains, write_means
from pipelines.evaluate.tables import mean_text
from sem_models.evaluation.report import EvaluationReport, Row


def said(capsys: pytest.CaptureFixture[str], values: list[float]) -> list[str]:
    rows = [
        Row(method=method, image=f"i{index}", group=f"g{index}", scores={"std_ratio": value - less, "mse": value})
        for method, less in (("model", 0.0), ("baseline:identity", 0.25))
        for index, value in enumerate(values)
    ]
    fixed = {"dataset": "set", "digest": "d", "split": "test", "degradation": "paired", "data_range": 1.0}
    report = EvaluationReport(model="model", border_px=1, rows=tuple(rows), **fixed)
    write_means(Output(False), report, "model", ("std_ratio", "mse"))
    write_gains(Output(False), report, "baseline:identity")
    return capsys.readouterr().out.splitlines()


def test_one_image_has_a_score_and_no_interval(capsys: pytest.CaptureFixture[str]) -> None:
    ratio, mse, _, gain = said(capsys, [0.75])
    assert "0.7500 [too few specimens" in ratio
    assert "+0.2500 [too few specimens" in gain
    assert not any("nan" in line for line in (ratio, mse, gain))
    assert ratio.index("0.7500") == mse.index("0.7500")


def test_a_resolution_at_the_nyquist_frequency_is_an_upper_bound(capsys: pytest.CaptureFixture[str]) -> None:
    """In px, and in nm by the value in px; other scores of 2 are what they are."""
    rows = [
        Row(
            method="model", image=f"i{index}", group=f"g{index}",
            scores={"psnr_db": 2.0, "frc_resolution_px": period, "frc_resolution_nm": 5 * period},
        )
        for index, period in enumerate((2.0, 2.0, 3.5))
    ]  # fmt: skip
    fixed = {"dataset": "set", "digest": "d", "split": "test", "degradation": "paired", "data_range": 1.0}
    report = EvaluationReport(model="model", border_px=1, rows=tuple(rows), **fixed)
    write_means(Output(False), report, "model", report.metrics)
    psnr, pixels, nanometres = capsys.readouterr().out.splitlines()
    assert "at most" not in psnr
    for line in (pixels, nanometres):
        assert line.endswith("at most: 2 of 3 images reach the Nyquist frequency")
    assert mean_text(report, "model", "frc_resolution_px").startswith("≤ 2.50 [")
    assert mean_text(report, "model", "psnr_db").startswith("2.00 [")


def test_several_images_have_an_interval_around_the_mean(capsys: pytest.CaptureFixture[str]) -> None:
    values = [0.5, 0.6, 0.75, 0.9]
    text = said(capsys, values)[0].split("→ 1")[1].replace("[", "").replace("]", "").replace(",", "")
    mean, low, high = (float(number) for number in text.split())
    assert mean == pytest.approx(fmean(values), abs=1e-4)
    assert low < mean < high
    assert high - mean == pytest.approx(mean - low, abs=2e-4)
