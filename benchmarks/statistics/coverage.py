"""How often the 95 % intervals of scores hold the true mean, by simulation.

    python -m benchmarks.statistics.coverage

Test splits are those that the workbench sees: a few specimens with one to five images each. The interval of the program
is compared with two that were used before: a percentile bootstrap of whole specimens and one of images. Then methods
with three seeds each are compared with and without the spread over seeds. Writes `coverage.json`; two minutes.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sem_models.evaluation.statistics.intervals import cluster_interval, seeds_interval

TRIALS = 2000
RESAMPLES = 1000
SPLITS = {"9 specimens, 13 images": (1, 1, 1, 1, 1, 1, 2, 2, 3), "3 specimens, 9 images": (3, 3, 3)}
BETWEEN = (0.3, 0.8)
"""Part of the variance that lies between specimens."""
SEED_SPREADS = (0.0, 0.1, 0.3, 1.0)
"""Standard deviation of the shift of all scores by the seed; that of the specimens is .5."""
Values = NDArray[np.float64]
DRAWS: dict[str, Callable[[np.random.Generator, int], Values]] = {
    "normal": lambda rng, count: rng.normal(size=count),
    "heavy tails (Student's t, 4 degrees of freedom)": lambda rng, count: rng.standard_t(4, size=count) / np.sqrt(2),
    "skewed (log-normal, sigma 0.7)": lambda rng, count: _standard(rng.lognormal(0, 0.7, count)),
}


def main() -> None:
    """Simulate and write."""
    found = {
        "trials": TRIALS,
        "specimens": {
            split: {draw: {str(share): _specimens(sizes, draw, share) for share in BETWEEN} for draw in DRAWS}
            for split, sizes in SPLITS.items()
        },
        "seeds": {str(spread): _seeds(spread) for spread in SEED_SPREADS},
    }
    Path(__file__).with_name("coverage.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def _standard(values: Values) -> Values:
    """Subtract the mean and divide by the standard deviation of this log-normal distribution."""
    mean = float(np.exp(0.7**2 / 2))
    standard: Values = (values - mean) / (mean * float(np.sqrt(np.exp(0.7**2) - 1)))
    return standard


def _specimens(sizes: tuple[int, ...], draw: str, between: float) -> dict[str, float]:
    rng = np.random.default_rng(1)
    names = np.repeat(np.arange(len(sizes)), sizes)
    groups = [str(name) for name in names]
    hits = np.zeros(3)
    for _ in range(TRIALS):
        shared = DRAWS[draw](rng, len(sizes))[names]
        values = np.sqrt(between) * shared + np.sqrt(1 - between) * rng.normal(size=len(names))
        interval = cluster_interval(values.tolist(), groups)
        bootstraps = (_bootstrap(values, names, rng), _bootstrap(values, np.arange(len(names)), rng))
        hits += [lo <= 0 <= hi for lo, hi in ((interval.lo, interval.hi), *bootstraps)]
    return dict(
        zip(("interval", "bootstrap_of_specimens", "bootstrap_of_images"), (hits / TRIALS).tolist(), strict=True)
    )


def _bootstrap(values: Values, groups: NDArray[np.int_], rng: np.random.Generator) -> tuple[float, float]:
    sums, counts = np.bincount(groups, values), np.bincount(groups)
    drawn = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    lo, hi = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), (2.5, 97.5))
    return float(lo), float(hi)


def _seeds(spread: float) -> dict[str, float]:
    """Two equal methods with three seeds each on nine specimens."""
    rng = np.random.default_rng(2)
    names = np.repeat(np.arange(9), SPLITS["9 specimens, 13 images"])
    groups = [str(name) for name in names]
    hits = np.zeros(2)
    for _ in range(TRIALS):
        shared = 0.5 * rng.normal(size=9)[names] + 0.3 * rng.normal(size=13)
        ours, theirs = (spread * rng.normal(size=(3, 1)) + 0.1 * rng.normal(size=(3, 13)) for _ in range(2))
        ours = ours + shared
        both = seeds_interval(ours, theirs, groups)
        alone = cluster_interval((ours.mean(axis=0) - theirs.mean(axis=0)).tolist(), groups)
        hits += [interval.lo <= 0 <= interval.hi for interval in (both, alone)]
    return {"seeds_and_specimens": hits[0] / TRIALS, "specimens_alone": hits[1] / TRIALS}


if __name__ == "__main__":
    main()
