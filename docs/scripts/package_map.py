"""Map of the packages, drawn from the imports in the code."""

import ast
from collections import Counter
from collections.abc import Iterable
from html import escape
from pathlib import Path

from benchmarks.architecture.arrows import arrows, circles
from benchmarks.architecture.modules import PACKAGES, Checkout, Module, package, subpackage
from docs.scripts.layers import Layout, lay_out

ROOT = Path(__file__).resolve().parents[2]
LAYERS = tuple(reversed(PACKAGES))
BOX, GAP, ROW, MARGIN = 118, 16, 74, 28
INTRODUCTION = """# Map of the code

This page is generated from the imports in the code. Boxes are folders (white) and single modules (grey); an arrow
points to what is imported. Arrows that follow from others are left out: if A imports B and B imports C, an import of C
by A is not drawn. The numbers between the layers count pairs of modules.

![Packages of the program and the imports between them](packages.svg)
"""


def page() -> str:
    """The drawing, and a table of all subpackages with their purpose and imports."""
    checkout = Checkout.read(ROOT)
    found = circles(arrows(checkout, subpackage))
    cycles = "; ".join(" - ".join(names) for names in found) if found else "none"
    lines = [INTRODUCTION, f"Import cycles: {cycles}. [Packages and files](packages.md) lists the files of each.", ""]
    for layer in LAYERS:
        lines += [f"## {layer}", "", "| package | purpose | files | lines | imports |", "|---|---|---|---|---|"]
        lines += [_row(checkout, name) for name in _subpackages(checkout, layer)]
        lines.append("")
    return "\n".join(lines)


def packages() -> str:
    """All subpackages and modules with their files and the first line of each docstring."""
    checkout = Checkout.read(ROOT)
    lines = ["# Packages and files", "", "The descriptions are the first lines of the docstrings.", ""]
    for layer in LAYERS:
        for name in _subpackages(checkout, layer):
            lines += [f"## {name}", "", _purpose(checkout.modules[name]), ""]
            inside = sorted(module.name for module in _inside(checkout, name) if module.name != name)
            if inside:
                lines += ["| file | purpose |", "|---|---|"]
                lines += [f"| `{file}` | {_purpose(checkout.modules[file])} |" for file in inside]
            lines.append("")
    return "\n".join(lines)


def _row(checkout: Checkout, name: str) -> str:
    inside = _inside(checkout, name)
    targets = {subpackage(target) for module in inside for target in checkout.imports[module.name]} - {name}
    short = ", ".join(f"`{target.removeprefix(f'{package(name)}.')}`" for target in sorted(targets)) or "-"
    lines = sum(module.lines for module in inside)
    link = f"[`{name}`](packages.md#{_anchor(name)})"
    return f"| {link} | {_purpose(checkout.modules[name])} | {len(inside)} | {lines} | {short} |"


def _anchor(name: str) -> str:
    """The anchor that Zensical gives to a heading."""
    return name.replace(".", "")


def _purpose(module: Module) -> str:
    text = ast.get_docstring(module.tree) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _inside(checkout: Checkout, name: str) -> list[Module]:
    return [module for module in checkout.modules.values() if subpackage(module.name) == name]


def _subpackages(checkout: Checkout, layer: str) -> list[str]:
    names = {subpackage(name) for name in checkout.modules if package(name) == layer and name != layer}
    return sorted(name for name in names if not name.endswith(("__main__", "dashboard")))


def drawing() -> str:
    """SVG of the three layers."""
    checkout = Checkout.read(ROOT)
    inside = arrows(checkout, subpackage)
    between = arrows(checkout, package)
    layouts = {layer: lay_out(_subpackages(checkout, layer), _of_layer(inside, layer)) for layer in LAYERS}
    width = max(layout.columns for layout in layouts.values()) * (BOX + GAP) + 2 * MARGIN
    parts: list[str] = []
    top = MARGIN
    for index, layer in enumerate(LAYERS):
        height = len(layouts[layer].rows) * ROW + 50
        parts += _layer(checkout, layer, layouts[layer], (width, height), top)
        top += height
        if index + 1 < len(LAYERS):
            parts += _between(between, LAYERS[index:], width / 2, top)
            top += 58
    style = "text{font-family:system-ui,sans-serif;font-size:13px;fill:#1c252c} .layer{font-size:17px;font-weight:600}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {top + MARGIN:.0f}" role="img">'
    marker = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#1f5f8b"/></marker></defs>'
    )
    return "\n".join(
        [head, f"<style>{style}</style>", marker, '<rect width="100%" height="100%" fill="#fbfcfd"/>', *parts, "</svg>"]
    )


def _of_layer(pairs: Counter[tuple[str, str]], layer: str) -> list[tuple[str, str]]:
    return [pair for pair in pairs if all(package(name) == layer for name in pair)]


def _layer(checkout: Checkout, layer: str, layout: Layout, size: tuple[float, float], top: float) -> Iterable[str]:
    width, height = size
    yield f'<rect x="6" y="{top}" width="{width - 12}" height="{height}" rx="10" fill="#eef2f5"/>'
    yield f'<text class="layer" x="22" y="{top + 26}">{layer}</text>'
    places = {
        name: ((width - len(row) * (BOX + GAP)) / 2 + (index + 0.5) * (BOX + GAP), top + 40 + depth * ROW)
        for depth, row in enumerate(layout.rows)
        for index, name in enumerate(row)
    }
    for path in layout.paths:
        yield _arrow([places[name] for name in path])
    for name, (x, y) in places.items():
        if name in checkout.modules:
            folder = checkout.modules[name].path.name == "__init__.py"
            yield (
                f'<rect x="{x - BOX / 2}" y="{y}" width="{BOX}" height="30" rx="6" '
                f'fill="{"#ffffff" if folder else "#dfe6ea"}" stroke="#1f5f8b"/>'
            )
            yield f'<text x="{x}" y="{y + 20}" text-anchor="middle">{escape(name.split(".")[-1])}</text>'


def _arrow(points: list[tuple[float, float]]) -> str:
    x, y = points[0]
    path = f"M{x:.0f} {y + 30:.0f}"
    for index, (to_x, to_y) in enumerate(points[1:], 1):
        last = index == len(points) - 1
        end = to_y if last else to_y + 15
        start = y + 30 if index == 1 else y + 15
        middle = (start + end) / 2
        path += f" C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {end:.0f}"
        x, y = to_x, to_y
    return f'<path d="{path}" fill="none" stroke="#1f5f8b" stroke-opacity=".55" marker-end="url(#tip)"/>'


def _between(pairs: Counter[tuple[str, str]], layers: tuple[str, ...], x: float, top: float) -> Iterable[str]:
    counts = ", ".join(f"{layers[0]} to {below}: {pairs[layers[0], below]}" for below in layers[1:])
    yield f'<path d="M{x} {top + 6}V{top + 50}" stroke="#1f5f8b" stroke-width="3" marker-end="url(#tip)"/>'
    yield f'<text x="{x + 16}" y="{top + 33}">{counts} imports</text>'
