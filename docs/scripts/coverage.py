"""Tables of how often intervals hold the true mean, by simulation."""

from benchmarks.reports import markdown
from docs.scripts.stored import stored


def coverage() -> str:
    """How often 95 % intervals hold the true mean, by simulation."""
    content = stored("statistics/coverage.json")
    rows = []
    for split, by_draw in content["specimens"].items():
        for draw, by_share in by_draw.items():
            for share, found in by_share.items():
                held = [f"{100 * value:.0f} %" for value in found.values()]
                rows.append([split, draw, f"{100 * float(share):.0f} %", *held])
    head = ["test split", "scores", "variance between specimens", "this interval", "bootstrap of specimens"]
    return markdown([*head, "bootstrap of images"], rows)


def seed_coverage() -> str:
    """The same for the difference of two methods with three seeds each."""
    content = stored("statistics/coverage.json")
    rows = [
        [spread, *(f"{100 * value:.0f} %" for value in found.values())] for spread, found in content["seeds"].items()
    ]
    return markdown(["standard deviation of the seeds", "seeds and specimens", "specimens alone"], rows)
