"""Tables of copies and overlapping fields that `prepare` recognises."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.reports import markdown

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "preparation"


def copies() -> str:
    """Copies recognised, by what was done to them, and the sets in which some were missed."""
    recall: dict[str, dict[str, list[int]]] = _read("near_duplicates")["recall"]
    rows = []
    for copy in next(iter(recall.values())):
        counts = {name: found[copy] for name, found in recall.items()}
        hits, total = (sum(count[index] for count in counts.values()) for index in (0, 1))
        missed = [f"{name} {hit} of {number}" for name, (hit, number) in counts.items() if hit < number]
        rows.append([copy, f"{hits} of {total}", "; ".join(missed) or "-"])
    return markdown(["copy", "recognised", "sets with misses"], rows)


def recordings() -> str:
    """Links between different files, by set, and between simulated images, of which none show one field."""
    content = _read("near_duplicates")
    links = Counter(" and ".join(dict.fromkeys(_set(name) for name in pair)) for pair in content["all pairs"]["found"])
    rows = [[name, "-", str(number)] for name, number in links.most_common()]
    rows.append(["all recordings", str(content["all pairs"]["pairs"]), str(links.total())])
    rows += [[name, str(found["pairs"]), str(len(found["found"]))] for name, found in content["simulated"].items()]
    return markdown(["images", "pairs", "links"], rows)


def overlaps() -> str:
    """Overlapping crops by the part that they share, as registration finds it."""
    pairs = _read("overlaps")["pairs"]
    rows = []
    for low, high in ((0.5, 1.0), (0.0, 0.5)):
        own = [known for _, _, part, _, known in pairs if low <= part < high]
        rows.append([f"{low:.0%} to {high:.0%}", str(len(own)), str(sum(own))])
    return markdown(["common part", "pairs", "recognised"], rows)


def _set(name: str) -> str:
    return name.partition(":")[0]


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return content
