"""Reading and writing the weights of a trained model."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from sem_models.config.methods import Direction
from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.errors import UserError
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.model import RestorationModel
from sem_models.inference.model_folder import RECIPE, WEIGHTS, backward_file, read_facts, read_recipe, readable
from sem_models.inference.told_width import ToldWidthModel
from sem_models.networks.table import build_network

_DIRECTION = "direction"


def save_model(
    folder: Path, recipe: Recipe, weights: Mapping[str, Tensor], backward: Mapping[str, Tensor] | None = None
) -> None:
    """Write weights and recipe into an existing folder, and the weights of a cycle's `backward` generator."""
    save_weights(folder / WEIGHTS, weights)
    if backward is not None:
        save_weights(backward_file(folder), backward, "backward")
    (folder / RECIPE).write_text(recipe.model_dump_json(indent=1) + "\n")


def save_weights(path: Path, weights: Mapping[str, Tensor], direction: Direction = "forward") -> None:
    """Write weights to a file whose metadata holds their direction, so that it stays known when the file is moved."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    save_file(plain, path, metadata={"format": "pt", _DIRECTION: direction})


def load_model(folder: Path, device: str = "cpu", name: str = "") -> RestorationModel:
    """Read a model folder; the network is built from the stored recipe.

    Raises:
        UserError: Files are missing or damaged, or the weights do not belong to the recipe.
    """
    recipe, weights = read_recipe(folder), load_weights(folder)
    try:
        model = build_model(recipe, weights, torch.device(device), name)
    except RuntimeError as error:
        raise UserError(f"{folder}: the weights do not belong to the recipe {recipe.name!r} beside them.") from error
    return replace(model, direction=_direction(folder))


def load_weights(folder: Path) -> dict[str, Tensor]:
    """Read the weights by name, on the CPU; raises a `UserError` if they are missing or damaged."""
    with readable(folder):
        facts = read_facts(folder)
        if facts and not facts.holds(folder / WEIGHTS):
            raise ValueError(f"{WEIGHTS} has changed since it was written")
        return load_file(folder / WEIGHTS)


def _direction(folder: Path) -> Direction:
    with safe_open(folder / WEIGHTS, "pt") as file:
        stored = (file.metadata() or {}).get(_DIRECTION)
    # Files of older versions do not state a direction.
    return "backward" if stored == "backward" else "forward"


def build_model(recipe: Recipe, weights: dict[str, Tensor], device: torch.device, name: str = "") -> RestorationModel:
    """Build a model for inference from `weights`; raises a RuntimeError if they do not belong to the recipe."""
    network = build_network(recipe.network)
    network.load_state_dict(weights)
    network = network.to(device).eval().requires_grad_(False)
    if capabilities(recipe.network).channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if recipe.diffusion:
        return DiffusionModel(recipe, network, name or recipe.name)
    if capabilities(recipe.network).strength:
        return ToldWidthModel(recipe, network, name or recipe.name)
    return RestorationModel(recipe, network, name or recipe.name)
