"""Build the documentation into `site/`; any broken link, missing picture or unknown reference is an error.

python -m docs.scripts.build
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs.scripts import architecture, command_line, facts, house_map, recipes, results

ROOT = Path(__file__).resolve().parents[2]
SOURCE, PAGES, SITE = ROOT / "docs", ROOT / "build" / "docs", ROOT / "site"
GENERATED: dict[str, Callable[[], str]] = {
    "reference/command-line.md": command_line.page,
    "reference/recipes.md": recipes.page,
    "explanation/map.md": house_map.page,
    "explanation/rooms.md": house_map.rooms,
    "explanation/house.svg": house_map.drawing,
    "results/architecture.md": architecture.page,
    **results.PAGES,
}
"""Pages that no one writes by hand."""
TABLES: dict[str, Callable[[], str]] = {**results.TABLES, "facts": facts.table}
"""Tables in pages that are written by hand, where those say `[[table NAME]]`."""


def main() -> int:
    """Gather the pages, build them, and check every link of the result."""
    gather()
    built = subprocess.run([sys.executable, "-m", "zensical", "build", "--clean", "--strict"], cwd=ROOT, check=False)
    broken = broken_links(SITE) if built.returncode == 0 else []
    for line in broken:
        print(line, file=sys.stderr)
    return built.returncode or int(bool(broken))


def gather() -> None:
    """Copy what is written by hand and write what is generated, into one folder for the generator of the site."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(SOURCE, PAGES, ignore=shutil.ignore_patterns("scripts", "__pycache__"))
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        (PAGES / name.lower()).write_text(_for_the_site((ROOT / name).read_text()))
    for path in sorted(PAGES.rglob("*.md")):
        path.write_text(with_tables(path.read_text()))
    for name, make in GENERATED.items():
        target = PAGES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(make())


def with_tables(text: str) -> str:
    """A page with its generated tables."""
    for name, make in TABLES.items():
        marker = f"[[table {name}]]"
        if marker in text:
            text = text.replace(marker, make())
    return text


def broken_links(site: Path) -> list[str]:
    """Links, pictures and styles of the built pages that lead to no file, which the generator does not check."""
    broken = []
    for page in sorted(site.rglob("*.html")):
        if page.name == "404.html":
            continue
        found = _Addresses()
        found.feed(page.read_text())
        lost = [address for address in sorted(found.addresses) if not _exists(site, page, address)]
        broken += [f"{page.relative_to(site)}: {address} leads nowhere" for address in lost]
    return broken


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Remember what the tag points to."""
        self.addresses |= {value for name, value in attrs if name in ("href", "src") and value}


def _exists(site: Path, page: Path, address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return True
    target = site / parts.path.lstrip("/") if parts.path.startswith("/") else page.parent / unquote(parts.path)
    return (target / "index.html").is_file() if target.is_dir() else target.is_file()


def _for_the_site(text: str) -> str:
    """Links of a file in the root of the repository: into `docs/` they stay, of all others the text is kept."""
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", text)
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)(?![\w/-]+\.md)[^)]+\)", r"\1", text)


if __name__ == "__main__":
    sys.exit(main())
