"""The chart of a range test."""

from pages.charts.rates import rate_figure


def test_the_suggestion_is_a_line_across_all_losses() -> None:
    figure = rate_figure([1e-4, 1e-3, 1e-2], [3.0, 1.0, 2.0], [2.9, 1.2, 1.9], 1e-3)
    line = figure.data[-1]
    assert line.name == "steepest, 0.001"
    assert list(line.x) == [1e-3, 1e-3]
    assert list(line.y) == [1.0, 3.0]
    assert figure.layout.xaxis.type == "log"
    assert len(rate_figure([1e-4], [3.0], [3.0], None).data) == 2
