"""Tables of a comparison."""

import pandas as pd

from pages.components.scores import gains_table, header, mean_text
from pipelines.compare import Comparison


def side_by_side(comparison: Comparison) -> pd.DataFrame:
    """One row a run, best first, then the floors."""
    rows = [(c.label, c.report, c.report.model) for c in comparison.columns]
    rows += [(floor, comparison.columns[0].report, floor) for floor in comparison.floors]
    return pd.DataFrame(
        [
            {"method": name, **{header(metric): mean_text(report, method, metric) for metric in comparison.metrics}}
            for name, report, method in rows
        ]
    )


def difference_table(comparison: Comparison, floor: str) -> pd.DataFrame:
    """Gain of each run over a floor that all of them have."""
    tables = []
    for column in comparison.columns:
        table = gains_table(column.report)
        table.insert(0, "run", column.label)
        tables.append(table[table["against"] == floor].drop(columns="against"))
    return pd.concat(tables)
