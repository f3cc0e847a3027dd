"""Finding and loading starter models by name; nothing here needs torch before a model is loaded."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.model_folder import read_facts, read_recipe, readable
from sem_models.starters.card import CARD, Card
from sem_models.suggestions import did_you_mean

if TYPE_CHECKING:
    from sem_models.inference.model import RestorationModel

STARTER = "starter:"
"""Begins the name of a starter model wherever a model can be named."""
STARTERS = ("denoise", "denoise-stem", "sr-x2", "sr-x4", "refocus", "clean-lines")
_SHELF = Path(__file__).resolve().parent


def starter_folder(name: str) -> Path:
    """Return the model folder of a starter model.

    Raises:
        UserError: There is none of that name; the message lists the known ones.
    """
    if name not in STARTERS:
        raise UserError(f"{STARTER}{name}: there is no such starter model. {did_you_mean(name, STARTERS)}")
    return _SHELF / name


def read_card(name: str) -> Card:
    """Read the card of a starter model; raises a `UserError` if there is none or it is damaged."""
    folder = starter_folder(name)
    with readable(folder):
        return Card.model_validate_json((folder / CARD).read_text())


def starter_recipe(name: str) -> Recipe:
    """Read the recipe that a starter model was trained by."""
    return read_recipe(starter_folder(name))


def load_starter(name: str, device: str = "cpu") -> "RestorationModel":
    """Load a starter model; its outputs will name it, its version and its limits.

    Raises:
        UserError: There is none of that name, or its files are not those that were released.
    """
    from sem_models.inference.storage import load_model

    folder = starter_folder(name)
    with readable(folder):
        facts = read_facts(folder)
        damaged = facts.damaged(folder) if facts else [folder.name]
    if damaged:
        raise UserError(f"{STARTER}{name}: {', '.join(damaged)} is not what was released; install the program again.")
    card = read_card(name)
    said = f"version {card.version}: {card.limits}"
    return replace(load_model(folder, device, STARTER + name), note=said)
