"""Tables of a comparison."""

from collections.abc import Sequence

import pandas as pd

from pages.components.scores import header, mean_text
from pipelines.compare import Comparison


def side_by_side(comparison: Comparison, metrics: Sequence[str]) -> pd.DataFrame:
    """One row a run, best first, then the floors."""
    rows = [(c.label, c.report, c.report.model) for c in comparison.columns]
    rows += [(floor, comparison.columns[0].report, floor) for floor in comparison.floors]
    return pd.DataFrame(
        [
            {"method": name, **{header(metric): mean_text(report, method, metric) for metric in metrics}}
            for name, report, method in rows
        ]
    )
