"""What the methods of a comparison are called where there is little room: in pictures, plots and sentences."""

from collections import Counter
from collections.abc import Callable, Sequence

from pipelines.evaluate.compare import Column, Comparison

_SEED = "train.seed"


def short_names(comparison: Comparison) -> dict[str, str]:
    """Return the shortest name that tells each model from the others, by `Column.model`.

    It is the name of the run without that of its dataset; with its seed where several seeds have one name, and with the
    beginning of the id where nothing else differs.
    """
    dataset = comparison.columns[0].report.dataset
    levels: Sequence[Callable[[Column], str]] = (
        lambda column: _bare(column, dataset),
        lambda column: f"{_bare(column, dataset)}, seed {column.run.params.get(_SEED, '?')}",
        lambda column: f"{_bare(column, dataset)} ({column.run.run_id[:8]})",
    )
    names: dict[str, str] = {}
    for name_of in levels:
        unnamed = [column for column in comparison.columns if column.model not in names]
        counts = Counter(name_of(column) for column in unnamed)
        names |= {column.model: name_of(column) for column in unnamed if counts[name_of(column)] == 1}
    return {column.model: names.get(column.model, column.label) for column in comparison.columns}


def method_names(comparison: Comparison) -> dict[str, str]:
    """Return the same for all methods of a comparison, the best model first and the baselines last."""
    return short_names(comparison) | {name: name.removeprefix("baseline:") for name in comparison.baselines}


def _bare(column: Column, dataset: str) -> str:
    return column.run.name.removesuffix(f" on {dataset}")
