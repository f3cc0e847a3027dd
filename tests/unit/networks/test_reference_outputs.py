"""Outputs equal those of the authors' implementations, which were run elsewhere with the same weights and images.

`reference_outputs.json` holds mean, standard deviation and 16 pixels of each output, computed in 64 bit, with the
implementation that gave them. None of the references adds the bicubic enlargement, which is therefore taken off.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from sem_models.config.networks.table import NetworkConfig
from sem_models.networks import rrdb, spsr, srresnet, swinir
from sem_models.networks.table import build_network
from sem_models.physics.downsampling import upsample
from tests.support.patterned import patterned, patterned_image

REFERENCES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("reference_outputs.json").read_text())
_CONFIG: TypeAdapter[Any] = TypeAdapter(NetworkConfig)
TOLERANCE = 1e-8
"""Relative to the standard deviation of the output: rounding of 64 bit, far below any difference of structure."""


@cache
def network_of(config: str) -> nn.Module:
    """Build a network with weights by the fixed rule, in 64 bit."""
    return patterned(build_network(_CONFIG.validate_json(config))).double()


def output(name: str, change: Callable[[nn.Module], None] | None = None) -> Tensor:
    """Return what the reference holds: the output without the bicubic enlargement, or the drawn gradient map."""
    found = REFERENCES[name]
    network = network_of(json.dumps(found["config"]))
    if change:
        network = deepcopy(network)
        change(network)
    x = patterned_image(found["height"], found["width"], found["frame_px"]).double()
    with torch.inference_mode():
        if name.endswith("gradient map"):
            return network.with_gradient(x)[1][0, 0]
        image = network(x)
        return (image - upsample(x, network.scale) if hasattr(network, "scale") else image)[0, 0]


def farthest(name: str, made: Tensor) -> float:
    """Return the largest difference of a stored number, in standard deviations of the reference."""
    found = REFERENCES[name]
    differences = [made.mean() - found["mean"], made.std(correction=0) - found["std"]]
    differences += [made[row, column] - value for row, column, value in found["samples"]]
    return float(torch.stack(differences).abs().max()) / found["std"]


@pytest.mark.parametrize("name", REFERENCES)
def test_outputs_are_those_of_the_reference(name: str) -> None:
    assert farthest(name, output(name)) < TOLERANCE


def _unshifted(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, swinir.SwinLayer):
            module.shift = 0


def _without_position_bias(network: nn.Module) -> None:
    for name, parameter in network.named_parameters():
        if name.endswith("bias_table"):
            parameter.data.zero_()


@pytest.mark.parametrize("name", ["swinir", "swinir-light"])
@pytest.mark.parametrize("change", [_unshifted, _without_position_bias])
def test_shift_and_position_bias_of_windows_count(name: str, change: Callable[[nn.Module], None]) -> None:
    """A defect that the comparison must not overlook."""
    assert farthest(name, output(name, change)) > 100 * TOLERANCE


@pytest.mark.parametrize(
    ("name", "module", "constant", "value"),
    [
        ("rrdb", rrdb, "_RESIDUAL_SCALE", 0.25),
        ("srresnet", srresnet, "_SLOPE", 0.2),
        ("swinir", swinir, "seam_mask", lambda grid, window, shift, device: torch.zeros(1, window**2, window**2)),
        ("spsr", spsr, "central_magnitude", torch.abs),
    ],
)
def test_constants_count(
    name: str, module: object, constant: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Residual scale, slope of the leaky ReLU, attention across the seam of the roll, and the gradient map."""
    monkeypatch.setattr(module, constant, value)
    assert farthest(name, output(name)) > 100 * TOLERANCE
