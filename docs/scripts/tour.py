"""Put the pictures that the journeys have taken into the tour.

make tour
python -m docs.scripts.tour build/journeys/pictures
"""

import argparse
import re
from pathlib import Path
from typing import Final

from PIL import Image

DOCS: Final = Path(__file__).resolve().parents[1]
PAGE: Final = DOCS / "tutorials" / "tour.md"
FIGURES: Final = DOCS / "figures" / "tour"
_SHOWN: Final = re.compile(r"figures/tour/([\w-]+)\.webp")
_QUALITY: Final = 82


def shown() -> list[str]:
    """Return the names of the pictures on the page of the tour."""
    return _SHOWN.findall(PAGE.read_text())


def main() -> None:
    """Replace all pictures of the tour by those in a folder, taken in the light theme."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    taken = parser.parse_args().pictures
    FIGURES.mkdir(parents=True, exist_ok=True)
    for old in FIGURES.glob("*.webp"):
        old.unlink()
    for name in shown():
        made = FIGURES / f"{name}.webp"
        Image.open(taken / f"{name}-light.png").convert("RGB").save(made, quality=_QUALITY, method=6)
        print(f"{made.name}: {made.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
