"""Reading and writing the weights of a trained model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from sem_models.inference.halo import MeasuredHalo
from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.input_check.stored import LEARNED, reference_in
from sem_models.inference.model import RestorationModel
from sem_models.inference.model_folder import RECIPE, WEIGHTS, backward_file, read_facts, read_recipe, readable
from sem_models.inference.pixel_posterior import PixelPosterior
from sem_models.inference.told_width import ToldWidthModel
from sem_models.networks.doubt_head import DoubtHead
from sem_models.networks.table import build_network

_DIRECTION, _POSTERIOR, _NOTE, _HALO = "direction", "posterior", "note", "halo"
_DOUBT = "doubt."
"""Begins the names of the weights of the doubt head, which stand in the file of the network that it belongs to."""


@dataclass(frozen=True)
class Belongings:
    """What belongs to the weights of a network, and stays with them wherever they are copied."""

    posterior: PixelPosterior | None = None
    """What the posterior mean needs to know."""
    learned: InputReference | None = None
    """What the inputs of the training looked like."""
    doubt: DoubtHead | None = None
    """What states how far an output may be off."""
    note: str = ""
    """What output files say about the model."""
    halo: MeasuredHalo | None = None
    """What its network was measured to need around a tile."""

    @classmethod
    def of(cls, model: RestorationModel) -> "Belongings":
        """Return those of a model."""
        return cls(model.posterior, model.learned, model.doubt, model.note, model.halo)

    @property
    def metadata(self) -> dict[str, str]:
        """The texts that stand in the header of the file."""
        known = {_POSTERIOR: self.posterior, LEARNED: self.learned, _HALO: self.halo}
        texts = {name: one.model_dump_json() for name, one in known.items() if one}
        return texts | ({_NOTE: self.note} if self.note else {})

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights that stand beside those of the network."""
        return {_DOUBT + name: tensor for name, tensor in self.doubt.state_dict().items()} if self.doubt else {}


NOTHING = Belongings()


def save_model(
    folder: Path,
    recipe: Recipe,
    weights: Mapping[str, Tensor],
    backward: Mapping[str, Tensor] | None = None,
    belongings: Belongings = NOTHING,
) -> None:
    """Write weights and recipe into an existing folder, and the weights of a cycle's `backward` generator."""
    save_weights(folder / WEIGHTS, weights, belongings=belongings)
    if backward is not None:
        save_weights(backward_file(folder), backward, "backward")
    (folder / RECIPE).write_text(recipe.model_dump_json(indent=1) + "\n")


def save_weights(
    path: Path,
    weights: Mapping[str, Tensor],
    direction: Direction = "forward",
    belongings: Belongings = NOTHING,
) -> None:
    """Write weights to a file that also holds what belongs to them, so that it stays known when it is moved."""
    every = {**weights, **belongings.weights}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in every.items()}
    save_file(plain, path, metadata={"format": "pt", _DIRECTION: direction, **belongings.metadata})
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
    recipe, every = read_recipe(folder), _load(folder)
    weights, doubt = _of_network(every), _doubt_head(every, torch.device(device))
    try:
        model = build_model(recipe, weights, torch.device(device), name)
    except RuntimeError as error:
        raise UserError(f"{folder}: the weights do not belong to the recipe {recipe.name!r} beside them.") from error
    with readable(folder):
        facts = _metadata(folder)
        posterior = PixelPosterior.model_validate_json(facts[_POSTERIOR]) if _POSTERIOR in facts else None
        learned = reference_in(facts)
        halo = MeasuredHalo.model_validate_json(facts[_HALO]) if _HALO in facts else None
    # Files of older versions do not state a direction.
    direction: Direction = "backward" if facts.get(_DIRECTION) == "backward" else "forward"
    note = facts.get(_NOTE, "")
    return replace(model, direction=direction, posterior=posterior, learned=learned, doubt=doubt, note=note, halo=halo)


def load_weights(folder: Path) -> dict[str, Tensor]:
    """Read the weights of the network by name, on the CPU; raises a `UserError` if they are missing or damaged."""
    return _of_network(_load(folder))


def _load(folder: Path) -> dict[str, Tensor]:
    """Read the weights of the network and of what belongs to it."""
    with readable(folder):
        facts = read_facts(folder)
        if facts and not facts.holds(folder / WEIGHTS):
            raise ValueError(f"{WEIGHTS} has changed since it was written")
        return load_file(folder / WEIGHTS)


def _of_network(every: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in every.items() if not name.startswith(_DOUBT)}


def _doubt_head(every: Mapping[str, Tensor], device: torch.device) -> DoubtHead | None:
    own = {name.removeprefix(_DOUBT): tensor for name, tensor in every.items() if name.startswith(_DOUBT)}
    if not own:
        return None
    head = DoubtHead()
    head.load_state_dict(own)
    return head.to(device).eval().requires_grad_(False)


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
