"""Long curves are drawn with few points, without losing spikes."""

import numpy as np
import pytest

from pages.charts.curves import LEGEND_PX, MARGIN, CurveStyle, KeptFigures, curve_figure, smoothed, thinned


@pytest.mark.parametrize("count", [2001, 3999, 20_000])
def test_a_long_curve_keeps_its_ends_and_its_spikes(count: int) -> None:
    rng = np.random.default_rng(count)
    values = rng.normal(size=count)
    spikes = rng.choice(count, 50, replace=False)
    values[spikes[:25]] += 100 + np.arange(25)
    values[spikes[25:]] -= 100 + np.arange(25)
    points = list(zip(range(0, 10 * count, 10), values.tolist(), strict=True))
    kept = thinned(points)
    assert len(kept) <= 2000
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert [step for step, _ in kept] == sorted({step for step, _ in kept})
    assert set(kept) <= set(points)
    # Of spikes that share a bin only the farthest is drawn; the farthest of all always are.
    assert {max(points, key=lambda p: p[1]), min(points, key=lambda p: p[1])} <= set(kept)
    bins = np.array_split(np.arange(count), 20)
    for part in bins:
        drawn = [value for step, value in kept if step // 10 in set(part.tolist())]
        assert (max(drawn), min(drawn)) == (values[part].max(), values[part].min())


def test_a_short_curve_stays_as_it_is() -> None:
    points = [(step, float(step % 7)) for step in range(2000)]
    assert thinned(points) is points
    (line,) = curve_figure({"loss": points}, "loss").data
    assert list(zip(line.x, line.y, strict=True)) == points


def test_figures_are_made_anew_only_where_points_have_changed() -> None:
    figures, points = KeptFigures(), [(step, 1.0) for step in range(5)]
    first = figures.figure("loss", {"l1": points}, "loss")
    assert figures.figure("loss", {"l1": list(points)}, "loss") is first
    assert figures.figure("psnr", {"l1": points}, "loss") is not first
    longer = figures.figure("loss", {"l1": [*points, (5, 2.0)]}, "loss")
    assert list(longer.data[0].y) == [1.0] * 5 + [2.0]
    assert figures.figure("loss", {"l2": [*points, (5, 2.0)]}, "loss").data[0].name == "l2"


def test_smoothing_is_the_average_with_falling_weights() -> None:
    values = [3.0, 1.0, 4.0, 1.0, 5.0]
    points = [(10 * index, value) for index, value in enumerate(values)]
    for end in range(1, 6):
        weights = [0.6 ** (end - 1 - index) for index in range(end)]
        expected = np.average(values[:end], weights=weights)
        assert smoothed(points, 0.6)[end - 1] == (10 * (end - 1), pytest.approx(expected))
    assert smoothed(points, 0) is points
    figure = curve_figure({"l1": points}, "loss", style=CurveStyle(log_x=True, smoothing=0.6))
    assert [len(line.y) for line in figure.data] == [5, 5]
    assert figure.layout.xaxis.type == "log"
    assert list(figure.data[0].y) == values, "the measured curve stays visible"


def test_only_a_chart_of_several_lines_has_a_place_for_a_legend_and_no_browser_has_to_work_out_margins() -> None:
    points = [(1, 0.5), (2, 0.4)]
    one, two = curve_figure({"l1": points}, "loss"), curve_figure({"model": points}, "PSNR (dB)", baseline=points)
    assert [figure.layout.margin.t for figure in (one, two)] == [MARGIN["t"], LEGEND_PX]
    assert not any(axis.automargin for figure in (one, two) for axis in (figure.layout.xaxis, figure.layout.yaxis))
    assert all(figure.layout.xaxis.automargin is not None for figure in (one, two)), "or the theme decides"
