"""What a reader must know before believing paired differences of a few images."""

from collections.abc import Sequence

from sem_models.evaluation.metrics.table import LABELS
from sem_models.evaluation.paired import LEVEL, Paired
from sem_models.evaluation.statistics.intervals import FEWEST_GROUPS, smallest_p


def caveats(pairs: Sequence[Paired], together: int) -> tuple[str, ...]:
    """Return sentences for pairs of which each metric has `together`; scores that fewer images have are named apart."""
    most = max(pairs, key=lambda paired: paired.interval.n)
    said = [_few_specimens(most.groups, together), *_partial(pairs, most, together)]
    return tuple(text for text in said if text)


def _partial(pairs: Sequence[Paired], most: Paired, together: int) -> list[str]:
    """One sentence for each score that not all images have."""
    fewest = {paired.metric: paired for paired in sorted(pairs, key=lambda paired: -paired.interval.n)}
    return [
        f"{LABELS[metric]}: only {paired.interval.n} of {most.interval.n} images have it. "
        f"{_few_specimens(paired.groups, together)}".strip()
        for metric, paired in fewest.items()
        if paired.interval.n < most.interval.n
    ]


def _few_specimens(n: int, together: int) -> str:
    least = min(1.0, together * smallest_p(n))
    if least <= LEVEL:
        return ""
    after = f", {least:.3g} after Holm over {together} comparisons" if together > 1 else ""
    said = (
        f"With {n} specimen{'s' * (n != 1)} p cannot fall below {smallest_p(n):.3g} (2/2^{n}){after}: "
        f"no difference can reach {LEVEL} by this test. Look at the images one by one."
    )
    return said if n >= FEWEST_GROUPS else f"{said} An interval needs {FEWEST_GROUPS} specimens or more."
