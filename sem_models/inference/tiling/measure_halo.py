"""Measuring how far an output pixel really depends on its surroundings, and remembering it for each network.

The receptive field is an upper bound, which deep networks hardly use: what a far pixel contributes falls exponentially
(Luo et al., NeurIPS 2016, on effective receptive fields). How far a network with rectifiers and pooling looks depends
on the image. So test images of several kinds are computed as a whole and as one tile from the middle, and both are
compared at every distance from the cut.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from sem_models.config.networks.capabilities import Capabilities
from sem_models.images.io.partial import write_cached
from sem_models.images.provenance import SOFTWARE
from sem_models.inference.backends.base import LEAST_RANGE
from sem_models.inference.backends.cache import cache_folder
from sem_models.inference.halo import EXACT, MeasuredHalo
from sem_models.inference.model import RestorationModel, UnitModel
from sem_models.inference.tiling.tiles import run_batch
from sem_models.networks.pooled_norm import held_statistics

_LARGEST_PX = 128
"""Largest halo that is looked for; beyond it the stated one is kept."""
_MARGIN_PX = 16
_NEAR = 1e-3
"""Difference up to which tiles may differ from the whole image where the stated halo does not claim to be exact: a
quarter of a grey level of 255."""
_SAFETY = 4
"""Factor by which other images may differ more than the test images."""
_SIGMAS_PX = (1, 4, 16)
"""Sizes of the structure in test images."""
_PHASES_PX = 6
_SPOTS = 1 / 200
_Unit = NDArray[np.float32]
_Plane = NDArray[np.float64]


def with_measured_halo(model: UnitModel, device: torch.device) -> UnitModel:
    """Return a trained model with the halo that was measured for it, now or before; other models as they are."""
    if not isinstance(model, RestorationModel):
        return model
    return replace(model, halo=recalled_halo(model) or remembered(model, measure_halo(model, device)))


def may_be_measured(model: UnitModel) -> bool:
    """Whether a model has a network whose halo is not known yet."""
    return isinstance(model, RestorationModel) and model.halo is None and model.takes_one_pass


def cost_px(facts: Capabilities) -> int:
    """Return how many input pixels go through a network to measure its halo."""
    edge, cut = _sizes(facts)
    return int(len(_KINDS) * (edge**2 + (edge - 2 * cut) ** 2))


def measure_halo(model: RestorationModel, device: torch.device) -> MeasuredHalo:
    """Return the smallest halo whose tiles equal the whole image to within 1e-5 of the range of the output.

    Where the stated halo is not the receptive field and none up to it is exact, the smallest whose tiles differ by at
    most 1e-3 is returned, or the stated one, with its error. The test images have to differ by a fourth of that.

    Args:
        model: A model on `device`.
        device: Where it is.
    """
    # What a model does after its network states its own reach.
    bare = RestorationModel(model.recipe, model.network, model.name)
    errors = errors_by_distance(bare, test_images(bare.capabilities), device)
    stated, claims_exact = bare.capabilities.halo, bare.capabilities.effective_halo is None
    found = [_first(errors, most) for most in ((EXACT,) if claims_exact else (EXACT, _NEAR))]
    px = min(next((px for px in found if px is not None), stated), stated)
    # A stated halo beyond what was looked at is the receptive field, outside of which nothing can matter.
    error = float(errors[px]) if px < len(errors) else 0.0
    return MeasuredHalo(px=px, error=error, software=SOFTWARE)


def _first(errors: NDArray[np.float64], most: float) -> int | None:
    """Return the first distance from which on a difference is clearly below what is tolerated; None: there is none."""
    found = np.flatnonzero(errors <= most / _SAFETY)
    return int(found[0]) if found.size else None


def errors_by_distance(model: UnitModel, images: Iterable[_Unit], device: torch.device) -> NDArray[np.float64]:
    """Return how much a tile differs from the whole image at all distances from its edge of at least the index, in px.

    Args:
        model: A model on `device`.
        images: (C, `test_edge_px`, `test_edge_px`) each, in [0, 1].
        device: Where it is.

    Returns:
        Fractions of the range of the output, falling.
    """
    facts = model.capabilities
    edge, cut = _sizes(facts)
    worst = np.zeros((edge - 2 * cut + 1) // 2)
    for image in images:
        with held_statistics():
            whole = run_batch(model, image[None], device)[0]
            tile = run_batch(model, image[None, :, cut : edge - cut, cut : edge - cut], device)[0]
        part = whole[:, cut * facts.scale : (edge - cut) * facts.scale, cut * facts.scale : (edge - cut) * facts.scale]
        span = max(float(np.ptp(whole)), LEAST_RANGE)
        np.maximum(worst, _by_distance(np.abs(tile - part).max(0), facts.scale) / span, out=worst)
    farther: NDArray[np.float64] = np.maximum.accumulate(worst[::-1])[::-1]
    return farther


def _by_distance(difference: _Unit, scale: int) -> NDArray[np.float64]:
    """Return the largest value at each distance from the edge, in input pixels."""
    line = np.arange(len(difference)) // scale
    inwards = np.minimum(line, line[::-1])
    distance = np.minimum(inwards[:, None], inwards[None, :])
    worst = np.zeros(int(inwards.max()) + 1)
    np.maximum.at(worst, distance.ravel(), difference.ravel())
    return worst


def test_edge_px(facts: Capabilities) -> int:
    """Return the edge of the images by which the halo of a network is measured."""
    return _sizes(facts)[0]


def _sizes(facts: Capabilities) -> tuple[int, int]:
    """Return the edge of a test image, and what the tile lacks of it on each side, in px."""
    looked, unit = min(facts.halo, _LARGEST_PX), facts.size_multiple
    cut = -(-max(looked, 1) // unit) * unit
    return -(-(2 * cut + 2 * looked + _MARGIN_PX) // unit) * unit, cut


def test_images(facts: Capabilities) -> list[_Unit]:
    """Return (C, `test_edge_px`, `test_edge_px`) images in [0, 1] for a network, the same in every call."""
    random, edge = np.random.default_rng(0), test_edge_px(facts)
    channels = facts.channels_in - (facts.strength is not None)
    images = [[kind(random, edge) for _ in range(channels)] for kind in _KINDS]
    if facts.strength:
        for planes in images:
            planes.append(np.full((edge, edge), facts.strength.default_px))
    return [np.stack(planes).astype(np.float32) for planes in images]


def _structured(random: np.random.Generator, edge: int) -> _Plane:
    """Structure of all sizes and a little noise, as in most micrographs."""
    plane: _Plane = np.clip(0.1 + 0.8 * _smooth(random, edge) + 0.03 * random.standard_normal((edge, edge)), 0, 1)
    return plane


def _noisy(random: np.random.Generator, edge: int) -> _Plane:
    """Noise that hides all structure, as at few electrons per pixel."""
    plane: _Plane = np.clip(0.3 + 0.1 * _smooth(random, edge) + 0.2 * random.standard_normal((edge, edge)), 0, 1)
    return plane


def _two_phases(random: np.random.Generator, edge: int) -> _Plane:
    """Black and white areas with sharp edges and nothing in them, as in masks and saturated images."""
    smooth = gaussian_filter(random.standard_normal((edge, edge)), _PHASES_PX)
    plane: _Plane = (smooth > 0).astype(np.float64)
    return plane


def _bright_spots(random: np.random.Generator, edge: int) -> _Plane:
    """A few bright spots on a dark ground, as of heavy atoms or particles."""
    spots = gaussian_filter((random.random((edge, edge)) < _SPOTS).astype(np.float64), 2.0)
    plane: _Plane = np.clip(0.05 + spots / spots.max() + 0.02 * random.standard_normal((edge, edge)), 0, 1)
    return plane


_KINDS = (_structured, _noisy, _two_phases, _bright_spots)


def _smooth(random: np.random.Generator, edge: int) -> _Plane:
    layers = [gaussian_filter(random.standard_normal((edge, edge)), sigma) for sigma in _SIGMAS_PX]
    # Each layer counts as much as its structure is large, as in images of natural surfaces.
    smooth = sum((layer / layer.std() * sigma**0.5 for layer, sigma in zip(layers, _SIGMAS_PX, strict=True)))
    unit: _Plane = (smooth - np.min(smooth)) / np.ptp(smooth)
    return unit


def recalled_halo(model: RestorationModel) -> MeasuredHalo | None:
    """Return what was measured for these weights by this version of the program; None if nothing was."""
    try:
        return MeasuredHalo.model_validate_json((cache_folder() / "halos" / _file(model)).read_bytes())
    except (OSError, ValidationError):
        return None


def remembered(model: RestorationModel, found: MeasuredHalo) -> MeasuredHalo:
    """Keep what was measured, and return it."""
    write_cached(cache_folder() / "halos" / _file(model), found.model_dump_json().encode())
    return found


def _file(model: RestorationModel) -> str:
    digest = hashlib.sha256(f"{model.recipe.network!r} {SOFTWARE}".encode())
    for name, tensor in sorted(model.network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return f"{digest.hexdigest()[:32]}.json"
