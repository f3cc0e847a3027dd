"""Reading and writing the weights of a trained model."""

import json
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
from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.inference.told_width import ToldWidthModel
from sem_models.networks.table import build_network

_DIRECTION, _POSTERIOR = "direction", "posterior"


def save_model(
    folder: Path,
    recipe: Recipe,
    weights: Mapping[str, Tensor],
    backward: Mapping[str, Tensor] | None = None,
    posterior: PixelPosterior | None = None,
) -> None:
    """Write weights and recipe into an existing folder, and the weights of a cycle's `backward` generator."""
    save_weights(folder / WEIGHTS, weights, posterior=posterior)
    if backward is not None:
        save_weights(backward_file(folder), backward, "backward")
    (folder / RECIPE).write_text(recipe.model_dump_json(indent=1) + "\n")


def save_weights(
    path: Path,
    weights: Mapping[str, Tensor],
    direction: Direction = "forward",
    posterior: PixelPosterior | None = None,
) -> None:
    """Write weights to a file whose metadata holds what belongs to them, so that it stays known when it is moved."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    own = {_POSTERIOR: posterior.model_dump_json()} if posterior else {}
    save_file(plain, path, metadata={"format": "pt", _DIRECTION: direction, **own})
    _sort_metadata(path)


def _sort_metadata(path: Path) -> None:
    """Sort the metadata in the header, which safetensors writes in random order: equal weights are equal files.

    The header is JSON behind its length in 8 bytes, little endian, and filled up with spaces.
    """
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(length)
        if len(text) == length:
            file.seek(8)
            file.write(text)


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
    with readable(folder):
        facts = _metadata(folder)
        posterior = PixelPosterior.model_validate_json(facts[_POSTERIOR]) if _POSTERIOR in facts else None
    # Files of older versions do not state a direction.
    direction: Direction = "backward" if facts.get(_DIRECTION) == "backward" else "forward"
    return replace(model, direction=direction, posterior=posterior)


def load_weights(folder: Path) -> dict[str, Tensor]:
    """Read the weights by name, on the CPU; raises a `UserError` if they are missing or damaged."""
    with readable(folder):
        facts = read_facts(folder)
        if facts and not facts.holds(folder / WEIGHTS):
            raise ValueError(f"{WEIGHTS} has changed since it was written")
        return load_file(folder / WEIGHTS)


def _metadata(folder: Path) -> dict[str, str]:
    with safe_open(folder / WEIGHTS, "pt") as file:
        return file.metadata() or {}


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
