"""A model that is told the width of the blur, and leaves a place as it was where its output contradicts the input.

A refocused image, blurred again by the assumed width, must give the recorded image back, within its noise. Where it
does not, the assumed width is wrong for this place, or detail was invented: the model abstains. A width that is too
small passes, and does little. A specimen that is soft by nature passes too: only its owner can know that it is in
focus.
"""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.capabilities import Capabilities, Strength
from sem_models.errors import FieldRef, UserError
from sem_models.inference.model import RestorationModel, UnitModel

_TAILS = 3
"""Half-width of every Gaussian, in sigmas."""
_SMOOTH_PX = 1.0
"""Sigma by which the residual is smoothed, to see structure that is weaker than the noise of a pixel."""
_REGION_PX = 6.0
"""Sigma of the region whose residual is judged."""
_TOLERATED = 0.004
"""Standard deviation of the smoothed residual that counts as none, as a fraction of the intensity range."""
_FROM, _TO = 1.5, 3.0
"""Ratio of the smoothed residual to what noise leaves, where abstaining begins and where it is complete."""


class AtWidth(nn.Module):
    """A network with one assumed width, as a module that maps images to images."""

    def __init__(self, network: nn.Module, width_px: float, maps: bool = False) -> None:
        """Wrap a network whose last input channel is the width; with `maps`, the last output channel is the map."""
        super().__init__()
        self.network, self._width_px, self._maps = network, width_px, maps

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) float32 in unit intensity to the same shape, or to (N, C + 1, H, W)."""
        width = torch.full_like(x[:, :1], self._width_px)
        output: Tensor = self.network(torch.cat([x, width], 1))
        abstains = abstention(x, output, self._width_px)
        blended = output + abstains * (x - output)
        return torch.cat([blended, abstains], 1) if self._maps else blended


def abstention(x: Tensor, output: Tensor, width_px: float) -> Tensor:
    """Return how far a model should abstain, (N, 1, H, W) float32: 1 where its output contradicts its input, else 0.

    The residual is the input minus the output blurred by `width_px`. It is smoothed by 1 px, and its root mean square
    within about 6 px is compared with what white noise would leave. The noise is measured in the same region, by the
    diagonal differences of the residual (Donoho and Johnstone, 1994).

    Args:
        x: Recorded images, (N, C, H, W) in unit intensity.
        output: What a model made of them, of the same shape.
        width_px: Sigma of the Gaussian that the model was told to undo.
    """
    residual = (x - gaussian(output, width_px)).mean(1, keepdim=True)
    diagonal = F.conv2d(F.pad(residual, (0, 1, 0, 1), mode="replicate"), _DIAGONAL.to(residual))
    noise = gaussian(diagonal**2, _REGION_PX) / (4 * math.pi * _SMOOTH_PX**2)
    structure = gaussian(gaussian(residual, _SMOOTH_PX) ** 2, _REGION_PX)
    ratio = torch.sqrt(structure / (noise + _TOLERATED**2))
    t = ((ratio - _FROM) / (_TO - _FROM)).clamp(0, 1)
    return t * t * (3 - 2 * t)


_DIAGONAL = torch.tensor([[[[0.5, -0.5], [-0.5, 0.5]]]])


def gaussian(x: Tensor, sigma_px: float) -> Tensor:
    """Blur (N, C, H, W) by a Gaussian that is cut off at three sigma; edges are mirrored where the image allows it."""
    half, channels = math.ceil(_TAILS * sigma_px), x.shape[1]
    if not half:
        return x
    place = torch.arange(-half, half + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (place / sigma_px) ** 2)
    taps = (weights / weights.sum()).to(x).expand(channels, 1, -1)
    mode = "reflect" if half < min(x.shape[-2:]) else "replicate"
    padded = F.pad(x, (half, half, half, half), mode=mode)
    across = F.conv2d(padded, taps[:, :, None, :], groups=channels)
    return F.conv2d(across, taps[:, :, :, None], groups=channels)


@dataclass(frozen=True)
class ToldWidthModel(RestorationModel):
    """A model that undoes the blur of an assumed width, its strength; by default the width that its recipe names."""

    maps: bool = False
    """Whether the last output channel is the map of where the model abstains."""

    @property
    def strength(self) -> Strength:
        """The widths that it can be told."""
        found = super().capabilities.strength
        if found is None:
            raise TypeError(f"{self.name} cannot be told the width of the blur")
        return found

    @property
    def capabilities(self) -> Capabilities:
        """Those of the network without the width, with what blurring again and judging a region read around a pixel."""
        facts, maps = super().capabilities, int(self.maps)
        reach = sum(math.ceil(_TAILS * sigma) for sigma in (self.strength.default_px, _SMOOTH_PX, _REGION_PX)) + 1
        return replace(
            facts,
            channels_in=facts.channels_in - 1,
            channels_out=facts.channels_out + maps,
            receptive_field=facts.receptive_field + reach,
            effective_halo=None if facts.effective_halo is None else facts.effective_halo + reach,
        )

    @property
    def way(self) -> str:
        """Names the assumed width."""
        return f"assumed blur of sigma {self.strength.default_px:g} px"

    @property
    def module(self) -> nn.Module:
        """The network at this width, with its abstention."""
        return AtWidth(self.network, self.strength.default_px, self.maps)

    def __call__(self, x: Tensor) -> Tensor:
        """Refocus (N, C, H, W) float32 in unit intensity; returns the same shape, with `maps` one channel more."""
        result: Tensor = self.module(x)
        return result


def at_strength(model: UnitModel, strength_px: float | None) -> UnitModel:
    """Return the model with another assumed width of the blur, in px; None keeps the one it has.

    Raises:
        UserError: The model cannot be told the width of the blur, or was not trained for such a width.
    """
    if strength_px is None:
        return model
    if not isinstance(model, ToldWidthModel):
        what = f": {model.name} cannot be told the width of the blur; choose a model that can, such as one of recipe "
        raise UserError(FieldRef("strength_px", f"{strength_px:g}"), what, "refocus-strength, or leave it out.")
    largest = model.strength.largest_px
    if not 0 <= strength_px <= largest:
        what = f": {model.name} learned to undo widths of 0 to {largest:g} px; use one of these."
        raise UserError(FieldRef("strength_px", f"{strength_px:g}"), what)
    network = model.recipe.network.model_copy(update={"strength_px": strength_px})
    return replace(model, recipe=model.recipe.model_copy(update={"network": network}))


def other_strength(model: UnitModel, strength_px: float | None) -> float | None:
    """Return a strength that somebody chose; None if it is the default of the model."""
    if strength_px is None or not isinstance(model, ToldWidthModel):
        return None
    return None if math.isclose(strength_px, model.strength.default_px) else strength_px


def with_map(model: UnitModel) -> ToldWidthModel:
    """Return a model that is told the width with its map of abstention as an additional, last output channel.

    Raises:
        TypeError: It is another model.
    """
    if not isinstance(model, ToldWidthModel):
        raise TypeError(f"{model.name} makes no map of abstention")
    return replace(model, maps=True)
