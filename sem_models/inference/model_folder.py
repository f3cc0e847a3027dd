"""A trained model as a folder: safetensors weights and the recipe that made them; in a checkpoint, their checksums."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError

from sem_models.config.frozen import Frozen
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError

WEIGHTS = "model.safetensors"
RECIPE = "recipe.json"
CHECKPOINT = "checkpoint.json"
"""Beside the files of a checkpoint; versions before 0.2 did not write it, and exported models have none."""


class CheckpointFacts(Frozen):
    """The step that a checkpoint was taken at, and what its files must be."""

    step: int
    sha256: dict[str, str]
    """Checksum of each file by its name."""

    def damaged(self, folder: Path) -> list[str]:
        """Names of the files in `folder` that are missing or are not what was written."""
        return [name for name in self.sha256 if not self.holds(folder / name)]

    def holds(self, path: Path) -> bool:
        """Whether a file is what was written under its name."""
        from sem_models.images.io.read import (
            file_sha256,
        )  # with all readers, which who only asks for names need not load

        return path.is_file() and file_sha256(path) == self.sha256.get(path.name)


def read_facts(folder: Path) -> CheckpointFacts | None:
    """The facts of a checkpoint; None where there are none.

    Raises:
        ValueError: They are damaged themselves.
    """
    path = folder / CHECKPOINT
    return CheckpointFacts.model_validate_json(path.read_bytes()) if path.is_file() else None


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
