"""Build the documentation into `site/`; a broken link, missing image or unknown reference is an error.

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

from docs.scripts import architecture, command_line, facts, package_map, recipes, results

ROOT = Path(__file__).resolve().parents[2]
SOURCE, PAGES, SITE = ROOT / "docs", ROOT / "build" / "docs", ROOT / "site"
GENERATED: dict[str, Callable[[], str]] = {
    "reference/command-line.md": command_line.page,
    "reference/recipes.md": recipes.page,
    "explanation/map.md": package_map.page,
    "explanation/packages.md": package_map.packages,
    "explanation/packages.svg": package_map.drawing,
    "results/architecture.md": architecture.page,
    **results.PAGES,
}
"""Pages that are generated as a whole."""
TABLES: dict[str, Callable[[], str]] = {**results.TABLES, "facts": facts.table}
"""Tables that replace `[[table NAME]]` in handwritten pages."""


def main() -> int:
    """Collect the pages, build the site, and check all of its links."""
    gather()
    built = subprocess.run([sys.executable, "-m", "zensical", "build", "--clean", "--strict"], cwd=ROOT, check=False)
    broken = broken_links(SITE) if built.returncode == 0 else []
    for line in broken:
        print(line, file=sys.stderr)
    return built.returncode or int(bool(broken))


def gather() -> None:
    """Collect handwritten and generated pages in one folder, from which the site is built."""
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
    """The text of a page with its generated tables inserted."""
    for name, make in TABLES.items():
        marker = f"[[table {name}]]"
        if marker in text:
            text = text.replace(marker, make())
    return text


def broken_links(site: Path) -> list[str]:
    """Links, images and styles of the built pages whose file does not exist; Zensical does not check these."""
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
        """Collect the addresses in `href` and `src`."""
        self.addresses |= {value for name, value in attrs if name in ("href", "src") and value}


def _exists(site: Path, page: Path, address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return True
    target = site / parts.path.lstrip("/") if parts.path.startswith("/") else page.parent / unquote(parts.path)
    return (target / "index.html").is_file() if target.is_dir() else target.is_file()


def _for_the_site(text: str) -> str:
    """Adapt the links of a file in the repository root: keep links into `docs/`, replace others by their text."""
    text = re.sub(r"\]\(docs/([^)]+)\)", r"](\1)", text)
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)(?![\w/-]+\.md)[^)]+\)", r"\1", text)


if __name__ == "__main__":
    sys.exit(main())
