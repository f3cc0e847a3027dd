"""Page with the counts of `benchmarks/architecture`, before and after the restructuring."""

import json
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "architecture" / "results"
COUNTS = {
    "files": "files",
    "comparisons": "comparisons of `.task`, `.method` or `.kind` outside tasks and methods",
    "comparisons_with_a_literal": "of these, with a string literal",
    "fragments": "files of at most 70 lines that a single other file imports",
    "imports_between_subpackages_total": "imports between subpackages (pairs of modules)",
    "readme_words": "words of the README",
    "readme_lines": "lines of the README",
}
INTRODUCTION = """# Architecture, before and after

`benchmarks/architecture` counts these numbers in the syntax trees of two checkouts; no code is executed.

```bash
git worktree add /tmp/before 2d480d1
python -m benchmarks.architecture.measure /tmp/before --out benchmarks/architecture/results/before.json
python -m benchmarks.architecture.measure . --out benchmarks/architecture/results/after.json
python -m benchmarks.architecture.first_page /tmp/before . --out benchmarks/architecture/results/first_page.json
```
"""


def page() -> str:
    """One row for each count; the column `after` appears once it has been measured."""
    measured = {name: found for name in ("before", "after") if (found := _read(f"{name}.json"))}
    head = ["", *(f"{name} ({found['commit']})" for name, found in measured.items())]
    rows = [[label, *(str(found[key]) for found in measured.values())] for key, label in COUNTS.items()]
    rows += [["lines of a file (median)", *(f"{found['lines_of_a_file']['median']:g}" for found in measured.values())]]
    rows += [["import cycles between subpackages", *(_cycles(found) for found in measured.values())]]
    rows += _first_page([str(found["commit"]) for found in measured.values()])
    table = "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
    return f"{INTRODUCTION}\n{table}\n"


def _cycles(found: dict[str, Any]) -> str:
    return "; ".join(" - ".join(cycle) for cycle in found["circles_of_subpackages"]) or "none"


def _first_page(commits: list[str]) -> list[list[str]]:
    content = _read("first_page.json")
    rows = []
    for key, visit in (("first_visit_s", "first"), ("second_visit_s", "second")):
        cells = []
        for commit in commits:
            times = [one[key] for one in content.get("rounds", []) if one["commit"] == commit]
            cells.append(f"{median(times):.1f} s (n = {len(times)})" if times else "not measured")
        rows.append([f"{visit} visit to a newly started server, median", *cells])
    return rows if content else []


def _read(name: str) -> dict[str, Any]:
    path = RESULTS / name
    content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return content
