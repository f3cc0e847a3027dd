"""Drawing from an image of any size: to the predictor it looks like any other stream of an image through a model."""

import torch

from sem_models.errors import UserError
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.diffusion.tiled_prediction import TiledPrediction
from sem_models.inference.tiling.stream import Sink
from sem_models.inference.tiling.tiles import TileSource, padded_spans
from sem_models.progress import Progress


class DrawingStream:
    """Draws one image for each condition, in tiles that are joined after every denoising step."""

    def __init__(self, model: DiffusionModel, tile: int | None, batch: int | None) -> None:
        """Tiles and batches are those of `TiledPrediction`."""
        self._model, self._tiled = model, TiledPrediction(model, tile, batch)

    @property
    def backend(self) -> str:
        """None besides PyTorch: the network takes the time as well as an image, so that it is not a map of tiles."""
        return ""

    def prepare(self, source: TileSource) -> None:
        """There is nothing to choose."""

    def __call__(self, source: TileSource, sink: Sink, progress: Progress) -> None:
        """Pass the drawn image, the mean of all samples, to `sink`; progress is told after each row of tiles.

        Raises:
            UserError: The model draws from noise alone, or not even the smallest tile fits into the memory.
        """
        facts = self._model.capabilities
        if not facts.channels_in:
            raise UserError(f"{self._model.name} takes no image, it draws from noise alone; use synthesise.")
        rows, columns = padded_spans((source.height, source.width), facts.size_multiple)
        condition = torch.from_numpy(source.tile(rows, columns))[None]
        drawn = self._model.draw(1, (rows.size, columns.size), condition, progress=progress, tiled=self._tiled).mean[0]
        sink(0, drawn[:, : source.height, : source.width].numpy())
