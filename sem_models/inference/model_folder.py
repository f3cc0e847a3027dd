"""A trained model as a folder: safetensors weights and the recipe that made them, nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError

from sem_models.config.recipe import Recipe
from sem_models.errors import UserError

WEIGHTS = "model.safetensors"
RECIPE = "recipe.json"


def backward_file(folder: Path) -> Path:
    """Where a model folder holds the weights of the backward generator of a cycle."""
    return folder / "backward.safetensors"


def read_recipe(folder: Path) -> Recipe:
    """The recipe beside the weights; a `UserError` where it is missing or damaged."""
    with readable(folder):
        return Recipe.model_validate_json((folder / RECIPE).read_text())


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Whatever goes wrong while the block reads `folder` becomes a `UserError`."""
    try:
        yield
    except (OSError, SafetensorError, ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{folder}: not a model folder that can be read ({reason}); train or download it again."
        ) from error
