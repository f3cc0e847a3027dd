"""What a reader must know before believing paired differences over a few images."""

from collections.abc import Sequence

from sem_models.evaluation.metrics.table import LABELS
from sem_models.evaluation.paired import LEVEL, Paired
from sem_models.evaluation.statistics.intervals import FEWEST_GROUPS, smallest_p

_COVERAGE = {3: 75, 5: 84, 10: 89, 20: 93}
"""Simulated coverage in % of percentile bootstrap intervals, by the number of independent, normal values.

It is lower for skewed differences, and if images of one specimen are resampled one by one."""


def caveats(pairs: Sequence[Paired], together: int) -> tuple[str, ...]:
    """Return sentences on comparisons, `together` by each metric; scores that some images lack are named separately."""
    most = max(pairs, key=lambda paired: paired.interval.n)
    n, groups = most.interval.n, most.groups
    drawn = (groups, "groups") if most.resampled == "groups" else (n, "images")
    said = [
        _few_images(n, together),
        _shared_groups(n, groups),
        _few_draws(*drawn),
        *_partial(pairs, n, together),
    ]
    return tuple(text for text in said if text)


def _partial(pairs: Sequence[Paired], most: int, together: int) -> list[str]:
    """Return one sentence for each score that some images lack."""
    fewest = {paired.metric: paired.interval.n for paired in sorted(pairs, key=lambda paired: -paired.interval.n)}
    return [
        f"{LABELS[metric]}: only {n} of {most} images have it. {_few_images(n, together)}".strip()
        for metric, n in fewest.items()
        if n < most
    ]


def _few_images(n: int, together: int) -> str:
    least = min(1.0, together * smallest_p(n))
    if least <= LEVEL:
        return ""
    after = f", {least:.3g} after Holm over {together} comparisons" if together > 1 else ""
    return (
        f"With n = {n} images p cannot fall below {smallest_p(n):.3g} (2/2^{n}){after}: "
        f"no difference can be significant at {LEVEL}. Look at the images one by one."
    )


def _shared_groups(n: int, groups: int) -> str:
    if groups == n:
        return ""
    said = f"{n} images come from {groups} group(s): the signed-rank p treats images as independent and is too small."
    if groups >= FEWEST_GROUPS:
        return f"{said} Intervals resample whole groups instead; trust them more than p."
    return (
        f"{said} Fewer than {FEWEST_GROUPS} groups cannot be resampled: the interval is valid for these specimens only."
    )


def _few_draws(count: int, what: str) -> str:
    if count >= max(_COVERAGE):
        return ""
    if count < min(_COVERAGE):
        return f"An interval from {count} {what} says next to nothing."
    below, above = max(size for size in _COVERAGE if size <= count), min(size for size in _COVERAGE if size >= count)
    held = " to ".join(str(_COVERAGE[size]) for size in dict.fromkeys((below, above)))
    return (
        f"Intervals from {count} {what} are too narrow: a percentile bootstrap of so few contains the true mean in "
        f"about {held} % of cases at best, not 95 %."
    )
