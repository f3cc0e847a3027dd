"""Models against baselines, held to the standard of models against one another."""

import pytest

from pipelines.evaluate.tables import gains
from sem_models.evaluation.report import EvaluationReport, Row

BASELINE = "baseline:bicubic"


def report(model: list[float], baseline: list[float], groups: str, metric: str = "edge_retention") -> EvaluationReport:
    rows = [
        Row(method=method, image=str(index), group=group, scores={metric: value})
        for method, values in (("m", model), (BASELINE, baseline))
        for index, (value, group) in enumerate(zip(values, groups, strict=True))
    ]
    return EvaluationReport(
        model="m", dataset="d", digest="0", split="test", degradation="paired", data_range=1, border_px=2, rows=rows
    )


def test_more_of_a_ratio_than_its_best_is_called_worse() -> None:
    """Retention of 1.4 against 0.9: the difference of scores is positive, the model is further from 1."""
    found = gains(
        [("", report([1.3, 1.35, 1.4, 1.45, 1.5, 1.55], [0.9] * 6, "abcdef"))], [BASELINE], ["edge_retention"]
    )
    (row,) = found.rows
    assert row["metric"] == "Edge retention, distance from 1"
    assert (row["baseline"], row["verdict"]) == ("bicubic", "worse")
    assert row["p"] == row["p (Holm)"] == f"{2 / 2**6:.3g}"


@pytest.mark.parametrize("n", [2, 3, 5])
def test_so_few_images_show_nothing_however_large_the_gain(n: int) -> None:
    """The interval of n equal gains leaves out zero; the signed-rank p cannot fall below 2/2^n."""
    found = gains(
        [("", report([30.0 + i for i in range(n)], [20.0] * n, "abcde"[:n], "psnr_db"))], [BASELINE], ["psnr_db"]
    )
    assert found.rows[0]["verdict"] == "no difference shown"
    assert any(f"(2/2^{n})" in caveat for caveat in found.caveats)


def test_p_is_corrected_over_all_models_of_the_table() -> None:
    """Six images give 1/32 at least: shown alone, not beside a second model."""
    one = report([30.0, 31, 32, 33, 34, 35], [20.0] * 6, "abcdef", "psnr_db")
    assert [row["verdict"] for row in gains([("a", one)], [BASELINE], ["psnr_db"]).rows] == ["better"]
    both = gains([("a", one), ("b", one)], [BASELINE], ["psnr_db"])
    assert [(row["model"], row["verdict"]) for row in both.rows] == [
        ("a", "no difference shown"),
        ("b", "no difference shown"),
    ]
    assert [row["p (Holm)"] for row in both.rows] == [f"{4 / 2**6:.3g}"] * 2
