"""How long it takes, on a new installation, from the address of the dashboard to the restored image of one's own.

    python -m benchmarks.dashboard.first_image FILE [--rounds 3]

Needs Chromium and playwright. Each round has an empty home folder, a new server and a new browser: Home is opened, the
path of a micrograph is typed, and `Remove noise` is clicked, until input and output are drawn side by side. The result
goes to `first_image.json` next to this file.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.dashboard.measure import browsing, serving

RESULT: Final = Path(__file__).with_name("first_image.json")
PAINTED: Final = """root => root.shownViewer.viewer.panes.every(({viewer: {drawer: {canvas}}}) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    return new Set(data.filter((_, i) => i % 4 === 0)).size > 20
})"""
"""Both pictures have more than 20 shades."""
CLICKS: Final = 1


def one_round(file: Path, home: Path) -> dict[str, float]:
    """Measure one new user, in seconds since the address was entered; the server has started before."""
    with serving(home) as server, browsing() as page:
        start = time.monotonic()

        def since() -> float:
            return round(time.monotonic() - start, 2)

        page.goto(server.url)
        field = page.get_by_label("Or a file on the server")
        field.wait_for()
        home_s = since()
        field.fill(str(file))
        field.press("Enter")
        restore = page.get_by_role("button", name="Remove noise")
        restore.wait_for()
        facts_s = since()
        restore.click()
        page.locator(".sem-viewer .pane").nth(1).wait_for()
        page.wait_for_function(PAINTED, arg=page.locator(".sem-viewer").element_handle())
        return {"home_s": home_s, "facts_s": facts_s, "restored_s": since()}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(one_round(options.file.resolve(), Path(folder) / "home"))
    median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    result = {"file": options.file.name, "clicks": CLICKS, "median": median, "rounds": rounds}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
