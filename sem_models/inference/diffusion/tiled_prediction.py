"""The prediction of a diffusion model for images of any size, tile by tile.

The solver holds the noisy image as a whole, which takes little memory; only the features of the network are large. At
every step the prediction is computed in tiles and joined before the solver goes on. The halo is therefore that of one
pass of the network, however many steps there are, and with a halo as wide as the receptive field the drawn image is the
one that would be drawn without tiles.
"""

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from sem_models.config.networks.capabilities import Capabilities
from sem_models.inference.diffusion.solver import STEPS, NoisePredictor
from sem_models.inference.tiling.stream import Rows, TileStream
from sem_models.inference.tiling.tiles import TileSource
from sem_models.progress import Progress, part_of

WHOLE_PIXELS = 1536 * 1024
"""Largest image that a network with attention or norms over the whole image gets in one piece: a usual frame."""


class Denoiser(Protocol):
    """A network that predicts what was added to an image, with its settings."""

    @property
    def name(self) -> str:
        """Name for messages."""

    @property
    def capabilities(self) -> Capabilities:
        """Channels, halo and how well the network bears tiles."""

    @property
    def device(self) -> torch.device:
        """Where the network is."""

    def predict(self, x_t: Tensor, t: Tensor, condition: Tensor | None) -> Tensor:
        """Predict noise (or velocity) from (N, C, H, W) noisy images, (N,) times and (N, K, H, W) conditions."""


class TiledPrediction:
    """Calls a denoiser with tiles, and remembers the largest that were found to fit into the memory of its device."""

    def __init__(self, denoiser: Denoiser, tile: int | None = None, batch: int | None = None) -> None:
        """Begin with tiles of `tile` px without the halo, `batch` at a time.

        Args:
            denoiser: The network.
            tile: None: a network for which tiles are discouraged gets images of up to `WHOLE_PIXELS` in one piece;
                otherwise as for restorations (`TileStream`).
            batch: Tiles in a batch; None: as for restorations.
        """
        self._at_time, self._prefers_whole = _AtTime(denoiser), tile is None
        self._stream = TileStream(self._at_time, denoiser.device, tile, batch)

    def given(self, condition: Tensor | None) -> NoisePredictor:
        """Return the prediction for (N, K, H, W) conditions in memory of the CPU; None: unconditional.

        Its images are in memory of the CPU as well. Progress is told after each batch of tiles. It raises a `UserError`
        if not even one tile of the smallest size fits into the memory of the device.
        """

        def predict(noisy: Tensor, t: Tensor, progress: Progress) -> Tensor:
            known = [image if condition is None else torch.cat([image, condition[n]]) for n, image in enumerate(noisy)]
            tell = [_named(part_of(progress, n, len(noisy))) for n in range(len(noisy))]
            return torch.stack([self._one(image, int(t[n]), tell[n]) for n, image in enumerate(known)])

        return predict

    def _one(self, known: Tensor, time: int, progress: Progress) -> Tensor:
        """Predict for one noisy image, followed by its condition along the channels; returns (C, H, W)."""
        found = torch.empty(self._at_time.capabilities.channels_out, *known.shape[1:])

        def keep(first: int, rows: Rows) -> None:
            found[:, first : first + rows.shape[1]] = torch.from_numpy(rows)

        self._at_time.time = time
        self._at_time.whole = self._prefers_whole and found[0].numel() <= WHOLE_PIXELS
        self._stream(TileSource(known.numpy(), None), keep, progress)
        return found


class _AtTime:
    """A denoiser at one time as a function from noisy image and condition, joined along the channels, to its output."""

    def __init__(self, denoiser: Denoiser) -> None:
        self._denoiser, self.time, self.whole = denoiser, 0, True

    @property
    def name(self) -> str:
        return self._denoiser.name

    @property
    def capabilities(self) -> Capabilities:
        facts = self._denoiser.capabilities
        tiling = facts.tiling if self.whole else "supported"
        return replace(facts, channels_in=facts.channels_in + facts.channels_out, tiling=tiling)

    def __call__(self, x: Tensor) -> Tensor:
        channels = self._denoiser.capabilities.channels_out
        noisy, condition = x[:, :channels], x[:, channels:]
        t = torch.full((len(x),), self.time, device=x.device)
        return self._denoiser.predict(noisy, t, condition if condition.shape[1] else None)


def _named(progress: Progress) -> Progress:
    """Speak of steps where each of them is a single tile."""

    def report(done: int, total: int, what: str) -> None:
        progress(done, total, STEPS if total == 1 else what)

    return report
