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
    """Return the path of the weights of a cycle's backward generator in a model folder."""
    return folder / "backward.safetensors"


def read_recipe(folder: Path) -> Recipe:
    """Read the recipe beside the weights; raises a `UserError` if it is missing or damaged."""
    with readable(folder):
        return Recipe.model_validate_json((folder / RECIPE).read_text())


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn errors of reading `folder` inside the block into a `UserError`."""
    try:
        yield
    except (OSError, SafetensorError, ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{folder} is not a readable model folder ({reason}); train or download the model again."
        ) from error
