"""Count the structure of a checkout, as JSON.

git worktree add /tmp/before 2d480d1
python -m benchmarks.architecture.measure /tmp/before --out benchmarks/architecture/results/before.json
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.architecture.arrows import Arrows, arrows, circles
from benchmarks.architecture.comparisons import comparisons, literal_comparisons
from benchmarks.architecture.modules import Checkout, commit, package, subpackage

FRAGMENT_LINES = 70
"""A file of at most this many lines that only one other file imports is called a fragment."""


def measure(root: Path) -> dict[str, Any]:
    """All counts, obtained without running the program."""
    checkout = Checkout.read(root)
    between_packages, between_subpackages = arrows(checkout, package), arrows(checkout, subpackage)
    single = fragments(checkout)
    return {
        "files": len(checkout.modules),
        "lines_of_a_file": _distribution([module.lines for module in checkout.modules.values()]),
        "comparisons": len(comparisons(checkout)),
        "comparisons_with_a_literal": len(literal_comparisons(checkout)),
        "fragments": len(single),
        "imports_between_packages": _matrix(between_packages),
        "imports_between_subpackages": _matrix(between_subpackages),
        "imports_between_subpackages_total": sum(between_subpackages.values()),
        "circles_of_packages": circles(between_packages),
        "circles_of_subpackages": circles(between_subpackages),
        "circles_of_modules": circles(arrows(checkout, lambda name: name)),
        "readme_words": len((root / "README.md").read_text().split()),
        "readme_lines": len((root / "README.md").read_text().splitlines()),
        "where": {
            "comparisons": comparisons(checkout),
            "comparisons_with_a_literal": literal_comparisons(checkout),
            "fragments": single,
        },
    }


def fragments(checkout: Checkout) -> list[str]:
    """Short modules that only one other module imports, as `MODULE <- IMPORTER`."""
    return [
        f"{name} <- {next(iter(checkout.importers[name]))}"
        for name, module in sorted(checkout.modules.items())
        if module.path.name != "__init__.py" and module.lines <= FRAGMENT_LINES and len(checkout.importers[name]) == 1
    ]


def _matrix(pairs: Arrows) -> dict[str, dict[str, int]]:
    matrix: dict[str, dict[str, int]] = {}
    for (source, target), count in sorted(pairs.items()):
        matrix.setdefault(source, {})[target] = count
    return matrix


def _distribution(lines: list[int]) -> dict[str, float]:
    deciles = statistics.quantiles(lines, n=10)
    return {
        "median": statistics.median(lines),
        "p90": round(deciles[8]),
        "max": max(lines),
        "at_most_70": sum(count <= FRAGMENT_LINES for count in lines),
        "over_300": sum(count > 300 for count in lines),
        "total": sum(lines),
    }


def main() -> None:
    """Measure a checkout, then write or print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="root of the checkout")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    chosen = parser.parse_args()
    root = chosen.root.resolve()
    result = {"commit": commit(root), **measure(root)}
    text = json.dumps(result, indent=1) + "\n"
    if chosen.out:
        chosen.out.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
