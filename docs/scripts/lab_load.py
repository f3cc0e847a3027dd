"""Tables of a lab at work: what thirty people found, and what it cost the servers."""

from collections.abc import Mapping
from typing import Any

from benchmarks.reports import markdown
from docs.scripts.stored import stored

_RUNS = {"full": "a whole lab", "proof": "a small one"}
_LONG = {"25 minutes, loaded machine": "a whole lab for 25 minutes"}
"""Where the machine was too busy for its times to mean anything."""
_SERVERS = ("dashboard", "serve", "live runs")


def _measured(labels: Mapping[str, str] = _RUNS) -> dict[str, dict[str, Any]]:
    content = stored("dashboard/load.json")
    return {title: content[label] for label, title in labels.items() if label in content}


def counts() -> str:
    """What must be zero, and how often it could have been otherwise."""
    found = _measured()
    facts = {
        "people, of whom at real browsers": lambda run: f"{run['people']}, {run['at_browsers']}",
        "minutes": lambda run: f"{run['minutes']:g}",
        "mean pause between two clicks, s": lambda run: f"{run['mean_pause_s']:g}",
        "clients of the scoring server, mean pause, s": lambda run: (
            f"{run['serving']['clients']}, {run['serving']['mean_pause_s']:g}"
        ),
        "load average before": lambda run: f"{run['load_average']:g} on {run['processors']} processors",
        "errors": lambda run: str(run["errors"]),
        "faults in the log of the dashboard": lambda run: str(run["faults_in_the_log_of_the_dashboard"]),
        "attempts to reach what is somebody else's": lambda run: f"{run['attempts_to_reach_others']:,}",
        "reads across people": lambda run: str(run["reads_across_people"]),
        "images, tiles and downloads": lambda run: f"{run['images_tiles_downloads']:,}",
        "parts of pages that were drawn again by themselves": lambda run: f"{run['fragments_by_themselves']:,}",
        "restored images of clients, of them wrong": lambda run: (
            f"{run['serving']['answers']['n']:,}, {run['serving']['wrong_images']}"
        ),
        "told to come later": lambda run: str(run["serving"]["told_to_come_later"]),
    }
    return markdown(["", *found], [[name, *map(fact, found.values())] for name, fact in facts.items()])


def times() -> str:
    """How long people waited."""
    rows = []
    for title, run in _measured().items():
        kinds = {"all clicks and pages, after the first tenth": run["pages_after_a_tenth_of_the_time"], **run["pages"]}
        kinds["on the screens of real browsers"] = run["screens"]
        kinds["restored images of clients"] = run["serving"]["answers"]
        rows += [
            [title, kind, f"{one['n']:,}", f"{one['median_s']:.2f}", f"{one['p95_s']:.2f}", f"{one['longest_s']:.1f}"]
            for kind, one in kinds.items()
            if one["n"]
        ]
    return markdown(["lab", "what", "times", "median, s", "95 % within, s", "longest, s"], rows)


def servers() -> str:
    """Memory and processors of the servers."""
    rows = [
        [
            title,
            name,
            f"{run['servers'][name]['mb_at_a_tenth']:,}",
            f"{run['servers'][name]['mb_at_half']:,}",
            f"{run['servers'][name]['mb_at_end']:,}",
            f"{run['servers'][name]['mb_per_minute_in_second_half']:.1f}",
            f"{run['servers'][name]['processors']:.2f}",
        ]
        for title, run in _measured({**_RUNS, **_LONG}).items()
        for name in (*_SERVERS, "people and clients")
    ]
    header = ["lab", "process", "MB after a tenth", "MB at half", "MB at the end", "MB per minute in the second half",
              "processors used"]  # fmt: skip
    return markdown(header, rows)
