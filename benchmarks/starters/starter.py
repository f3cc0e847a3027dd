"""What a starter model needs beside its weights: the words of its card, and its measurement."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pools import FOUR
from benchmarks.runner import options
from benchmarks.runner import prepare as prepare_pool
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.inference.predictor import Predictor
from sem_models.starters.card import CardScore

Restore = Callable[[UnitImage], UnitImage]


@dataclass(frozen=True)
class Words:
    """What the card says about a model in words."""

    summary: str
    limits: str
    suits: str
    does_not: tuple[str, ...]
    simulations: str = "60 simulated specimens without noise (phantoms and lattices of this program)."


@dataclass(frozen=True)
class Measured:
    """What the card says in numbers."""

    scores: tuple[CardScore, ...]
    harm: str


Measure = Callable[[Path, Path, Path | None], Measured]
"""Takes the folders of the data, the home and, if there shall be any, the pictures."""


def run(description: str | None, measure: Measure) -> None:
    """Measure a model that is on the shelf, from the command line."""
    chosen = options(description)
    measure(chosen.data, chosen.home, chosen.pictures)


def held_out(data: Path, home: Path) -> Dataset:
    """Open the pool whose test images no starter model learned from; prepare it if it is missing."""
    prepare_pool(FOUR, data, home)
    return open_dataset(home / "datasets" / FOUR.dataset)


def restoring(model: UnitModel) -> Restore:
    """Return what a model makes of (H, W) in unit intensity."""
    predictor = Predictor(model, "cpu")

    def restore(image: UnitImage) -> UnitImage:
        restored: UnitImage = predictor.predict_unit(image[None])[0]
        return restored

    return restore
