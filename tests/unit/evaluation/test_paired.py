"""Paired comparisons against scipy and hand-computed examples."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp, wilcoxon

from sem_models.evaluation.caveats import caveats
from sem_models.evaluation.paired import Paired, compare_to, direction, mean_goodness, ranks, unit
from sem_models.evaluation.report import EvaluationReport, Row

LOW = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def report(scores: list[float | None], groups: str, model: str = "m", metric: str = "psnr_db", **changes: object):
    rows = [
        Row(method=model, image=f"i{index}", group=group, scores={metric: score})
        for index, (score, group) in enumerate(zip(scores, groups, strict=True))
    ]
    setting = {"digest": "d" * 20, "split": "test", "degradation": '{"scale":4,"read_noise":0.0}', "border_px": 4}
    return EvaluationReport(
        **{**setting, "model": model, "dataset": "set", "data_range": 1.0, "rows": tuple(rows), **changes}
    )


def test_a_table_against_scipy_and_by_hand() -> None:
    reference = report([30.0, 31.0, 29.0, 33.0, 30.5, 32.0, 28.0, 30.0], "aabbccdd")
    near = report([29.9, 31.2, 28.7, 32.6, 30.0, 31.4, 27.3, 29.2], "aabbccdd")
    far = report([28.0, 28.9, 26.8, 30.7, 28.1, 29.5, 25.4, 27.3], "aabbccdd")
    pairs = compare_to(reference, [near, far], "psnr_db")
    assert pairs[0].interval.mean == pytest.approx((-0.1 + 0.2 - 0.3 - 0.4 - 0.5 - 0.6 - 0.7 - 0.8) / 8)
    by_specimen = [np.reshape([d.value for d in pair.differences], (4, 2)).mean(axis=1) for pair in pairs]
    expected = [wilcoxon(means).pvalue for means in by_specimen]
    assert [pair.p for pair in pairs] == pytest.approx(expected)
    assert expected[1] == pytest.approx(2 / 2**4)
    assert [pair.p_holm for pair in pairs] == pytest.approx([expected[0], 2 * expected[1]])
    assert [(pair.groups, pair.interval.n) for pair in pairs] == [(4, 8)] * 2


def test_images_of_few_specimens_show_nothing() -> None:
    """Eight images with one sign would give p = 2/2^8; their four specimens cannot give less than 2/2^4."""
    base = report([0.0] * 8, "aabbccdd")
    (pair,) = compare_to(base, [report([1.0, 1.1, 1.2, 0.9, 1.0, 1.1, 0.9, 1.2], "aabbccdd")], "psnr_db")
    assert pair.interval.lo > 0
    assert pair.verdict == "no difference shown"
    (better,) = compare_to(
        report([0.0] * 8, "abcdefgh"), [report([1.0, 1.1, 1.2, 0.9, 1.0, 1.1, 0.9, 1.2], "abcdefgh")], "psnr_db"
    )
    assert better.verdict == "better"


def test_images_are_paired_by_name_and_missing_scores_left_out() -> None:
    reference = report([1.0, 2.0, 3.0, None], "aabb")
    other = report([1.5, None, 3.25, 9.0], "aabb")
    shuffled = other.model_copy(update={"rows": other.rows[::-1]})
    (pair,) = compare_to(reference, [shuffled], "psnr_db")
    assert {d.image: d.value for d in pair.differences} == {"i0": 0.5, "i2": 0.25}
    assert (pair.groups, pair.interval.n) == (2, 2)
    assert np.isnan(pair.interval.lo), "two specimens give no interval"


def test_less_is_better_turns_the_verdict_and_the_ranks() -> None:
    low, high = report(LOW, "abcdef", metric="mse"), report([0.2, 0.3, 0.5, 0.9, 0.7, 0.9], "abcdef", metric="mse")
    (pair,) = compare_to(low, [high], "mse")
    assert pair.interval.mean == pytest.approx(1.4 / 6), "the sign is that of model minus reference"
    assert pair.verdict == "worse"
    assert mean_goodness(low, "mse") > mean_goodness(high, "mse")
    assert [rank.mean for rank in ranks([high, low], "mse")] == [2, 1]
    assert (unit("mse"), unit("psnr_db"), unit("ssim")) == ("data range²", "dB", "no unit")


def test_a_best_value_in_between_compares_distances() -> None:
    over, under = (
        report([1.3, 1.2, 1.4] * 2, "abcdef", metric="edge_retention"),
        report([0.9, 0.95, 0.8] * 2, "abcdef", metric="edge_retention"),
    )
    (pair,) = compare_to(under, [over], "edge_retention")
    assert (direction("edge_retention"), unit("edge_retention")) == (-1, "distance from 1")
    assert [d.value for d in pair.differences] == pytest.approx([0.2, 0.15, 0.2] * 2)
    assert pair.verdict == "worse"


def test_five_images_show_nothing_however_clear() -> None:
    """All differences have one sign: the interval excludes zero, but p is 2/2^5."""
    base = report([0.0] * 5, "abcde")
    (pair,) = compare_to(base, [report([1.0, 1.1, 1.2, 0.9, 1.0], "abcde")], "psnr_db")
    assert pair.interval.lo > 0.89
    assert pair.verdict == "no difference shown"
    six = report([0.0] * 6, "abcdef"), report([1.0, 1.1, 1.2, 0.9, 1.0, 1.0], "abcdef")
    assert compare_to(six[0], [six[1]], "psnr_db")[0].verdict == "better"
    assert compare_to(six[0], [six[1]] * 2, "psnr_db")[0].verdict == "no difference shown", "Holm doubles 2/2^6"


def test_ranks_by_hand() -> None:
    """i0: m1, m2 tie for first (1.5 each), m3 third; i1: m2, m1, m3; i2: m3, m1, m2; i3 lacks a score."""
    models = [report(s, "abcd") for s in ([5, 4, 3, 1], [5, 6, 1, 9], [2, 1, 8, None])]
    first, second, third = ranks(models, "psnr_db")
    assert [first.mean, second.mean, third.mean] == pytest.approx([5.5 / 3, 5.5 / 3, 7 / 3])
    assert [(r.first, r.images) for r in (first, second, third)] == [(1, 3), (2, 3), (1, 3)]


def test_what_differs_is_named() -> None:
    base = report([1.0], "a")
    assert base.differs_from(report([2.0], "b", model="other", dataset="renamed")) == ()
    noisy = report([1.0], "a", degradation='{"scale":4,"read_noise":0.02}', border_px=2)
    assert noisy.differs_from(base) == ("border in px 2, not 4", "degradation.read_noise 0.02, not 0.0")
    moved = report([1.0], "a", digest="e" * 20, split="val", degradation="paired")
    said = moved.differs_from(base)
    assert [text.split()[0] for text in said] == ["dataset", "split", "degradation"]
    assert "eeeeeeeeeeee (set), not dddddddddddd (set)" in said[0]
    assert not moved.comparable(base)
    with pytest.raises(ValueError, match="read_noise"):
        compare_to(base, [noisy], "psnr_db")


def test_caveats_state_what_few_images_cannot_show() -> None:
    def said(count: int, groups: str, models: int = 1) -> str:
        values = [float(index) for index in range(1, count + 1)]
        pairs: tuple[Paired, ...] = compare_to(report([0.0] * count, groups), [report(values, groups)], "psnr_db")
        return " ".join(caveats(pairs, models))

    assert "below 0.0625 (2/2^5)" in said(5, "abcde")
    assert "below 0.0625 (2/2^5)" in said(10, "aabbccddee")
    assert "2/2^" not in said(6, "abcdef")
    assert "0.0312 (2/2^6), 0.0938 after Holm over 3 comparisons" in said(6, "abcdef", 3)
    assert "An interval needs 3 specimens" in said(8, "aaaabbbb")
    assert said(20, "abcdefghijklmnopqrst") == ""


def test_means_and_gains_of_a_report_rest_on_specimens() -> None:
    """Six images of three specimens: three values decide, and an interval over six would be narrower."""
    own = report([30.0, 30.1, 31.0, 31.1, 32.0, 32.1], "aabbcc")
    base = [row.model_copy(update={"method": "baseline:bicubic", "scores": {"psnr_db": 29.0}}) for row in own.rows]
    both = own.model_copy(update={"rows": (*own.rows, *base)})
    gain, expected = both.gain("psnr_db", "baseline:bicubic"), ttest_1samp([1.05, 2.05, 3.05], 0)
    interval = expected.confidence_interval(0.95)
    assert (gain.lo, gain.hi) == pytest.approx((interval.low, interval.high))
    assert gain.p == pytest.approx(2 / 2**3)
    mean = both.mean("m", "psnr_db")
    assert (mean.lo, mean.hi) == pytest.approx((interval.low + 29, interval.high + 29))
