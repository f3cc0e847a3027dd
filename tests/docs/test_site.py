"""Generated documentation pages, compared with their sources."""

import tomllib
from pathlib import Path
from xml.etree import ElementTree

from docs.scripts import build, command_line, layers, package_map, super_resolution
from pipelines.__main__ import app

ROOT = Path(__file__).resolve().parents[2]


def listed(nav: list) -> set[str]:
    """All pages that a navigation names."""
    found: set[str] = set()
    for item in nav:
        target = next(iter(item.values())) if isinstance(item, dict) else item
        found |= listed(target) if isinstance(target, list) else {target}
    return found


def test_every_page_is_in_the_navigation_and_the_other_way_round() -> None:
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    written = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    generated = {name for name in build.GENERATED if name.endswith(".md")} | {"contributing.md", "changelog.md"}
    assert listed(nav) == written | generated


def test_every_command_and_option_is_in_the_reference() -> None:
    page = command_line.page()
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert len(names) > 20
    assert not [name for name in names if f"\n## {name}\n" not in page]
    assert all(option in page for option in ("`--max-residual`", "`--dents`, `--no-dents`", "## study create"))


def test_map_draws_every_room() -> None:
    drawing = ElementTree.fromstring(package_map.drawing())  # noqa: S314
    texts = {text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")}
    rooms = {path.parent.name for path in (ROOT / "sem_models").glob("*/__init__.py")}
    assert rooms
    assert rooms <= texts


def test_rows_of_the_map_point_downwards_and_leave_out_what_follows() -> None:
    layout = layers.lay_out("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("d", "c"), ("c", "a")])
    height = {name: index for index, row in enumerate(layout.rows) for name in row}
    assert all(height[path[0]] < height[path[-1]] for path in layout.paths)
    assert ("a", "c") not in {(path[0], path[-1]) for path in layout.paths}


def test_generated_table_holds_the_published_numbers() -> None:
    rows = {line.split("|")[1].strip(): line for line in super_resolution.super_resolution().splitlines()}
    assert "**29.00 ± 0.03**" in rows["srresnet (3 seeds)"]
    assert "| 26.95 |" in rows["baseline:bicubic"]
    assert "[[table" not in build.with_tables((ROOT / "docs" / "results" / "super-resolution.md").read_text())


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text("<p>")
    (tmp_path / "index.html").write_text(
        '<a href="there.html#x"></a> <img src="gone.png"> <a href="https://x.org/y"></a>'
    )
    assert build.broken_links(tmp_path) == ["index.html: gone.png leads nowhere"]


def test_links_out_of_the_site_become_text() -> None:
    text = "[a](docs/glossary.md) [b](benchmarks/x.py) [c](https://x.org) [d](CITATION.cff)"
    assert build._for_the_site(text) == "[a](glossary.md) b [c](https://x.org) d"
