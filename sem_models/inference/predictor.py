"""Applying a model to micrographs of any size: the image stays on the host, tiles go to the device."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.errors import UserError
from sem_models.images.channels import require_grey
from sem_models.images.intensity import IntensityRange, from_unit, intensity_range, to_unit
from sem_models.images.micrograph import Micrograph
from sem_models.images.write import TiffRowWriter
from sem_models.inference.bands import BandAccumulator, OnceSink, Sink
from sem_models.inference.blend import axis_weights
from sem_models.inference.model import UnitModel
from sem_models.inference.planner import Span, plan_axis
from sem_models.inference.tiles import OutOfMemory, cut, run_batch
from sem_models.progress import Progress, silent

_SMALLEST_TILE = 32
_DEFAULT_TILE = {"cpu": 256, "cuda": 512}
_DEFAULT_BATCH = {"cpu": 1, "cuda": 4}


class Predictor:
    """Runs one model over whole micrographs."""

    def __init__(
        self, model: UnitModel, device: str = "auto", tile: int | None = None, batch: int | None = None
    ) -> None:
        """Prepare for prediction.

        Args:
            model: Must already be on `device`.
            device: `cpu`, `cuda` or `auto`.
            tile: Edge of a tile in input pixels, without the halo; None: 256 on a CPU, 512 on a GPU.
            batch: Tiles that go through the network together; None: 1 on a CPU, which gains nothing from more, else 4.
        """
        self.model = model
        self._device = torch.device(choose_device(device))
        self._tile = tile or _DEFAULT_TILE.get(self._device.type, 256)
        self._batch = batch or _DEFAULT_BATCH.get(self._device.type, 1)

    def predict_unit(self, image: NDArray[np.float32], progress: Progress = silent) -> NDArray[np.float32]:
        """(C, H, W) float32 unit intensities to (C', H x scale, W x scale)."""
        facts = self.model.capabilities
        shape = (facts.channels_out, image.shape[1] * facts.scale, image.shape[2] * facts.scale)
        out = np.empty(shape, np.float32)

        def keep(first: int, rows: NDArray[np.float32]) -> None:
            out[:, first : first + rows.shape[1]] = rows

        self._stream(image, keep, progress)
        return out

    def predict(self, micrograph: Micrograph, progress: Progress = silent) -> Micrograph:
        """A restored micrograph in the dtype of the input, with its pixel size divided by the scale.

        Raises:
            UserError: The number of channels is not what the model takes.
        """
        grey, limits = self._input(micrograph)
        unit = self.predict_unit(to_unit(grey.pixels, limits).transpose(2, 0, 1), progress)
        pixels, saturated = from_unit(unit.transpose(1, 2, 0), limits, grey.pixels.dtype)
        facts = {**grey.metadata, "provenance": self._provenance(grey), "saturated_fraction": round(saturated, 6)}
        facts.pop("image_rows", None)
        return replace(grey, pixels=pixels, pixel_size_nm=self._pixel_size_nm(grey), metadata=facts)

    def predict_to_file(self, micrograph: Micrograph, out: Path, progress: Progress = silent) -> Path:
        """Like `predict`, into a TIFF file; the output goes to disk by rows and is never whole in memory."""
        grey, limits = self._input(micrograph)
        facts, dtype = self.model.capabilities, grey.pixels.dtype
        shape = (grey.height * facts.scale, grey.width * facts.scale, facts.channels_out)
        image = to_unit(grey.pixels, limits).transpose(2, 0, 1)
        with TiffRowWriter(out, shape, dtype, self._pixel_size_nm(grey), self._provenance(grey)) as writer:

            def write(first: int, rows: NDArray[np.float32]) -> None:
                writer.write_rows(first, from_unit(rows.transpose(1, 2, 0), limits, dtype)[0])

            self._stream(image, write, progress)
        return out

    def _input(self, micrograph: Micrograph) -> tuple[Micrograph, IntensityRange]:
        wanted = self.model.capabilities.channels_in
        grey = require_grey(micrograph) if wanted == 1 else micrograph
        if grey.channels != wanted:
            raise UserError(f"{micrograph.source}: {grey.channels} channels, where {self.model.name} takes {wanted}.")
        return grey, intensity_range(grey.pixels)

    def _pixel_size_nm(self, micrograph: Micrograph) -> float | None:
        size = micrograph.pixel_size_nm
        return size / self.model.capabilities.scale if size else None

    def _provenance(self, micrograph: Micrograph) -> str:
        return f"{self.model.name} applied to {micrograph.source or 'an image in memory'} by SEM Workbench"

    def _stream(self, image: NDArray[np.float32], sink: Sink, progress: Progress) -> None:
        """Go through the tiles; on out-of-memory halve the tile and go on with the rows that are missing."""
        tile = max(image.shape[1:]) if self.model.capabilities.tiling == "discouraged" else self._tile
        once = OnceSink(sink)
        while True:
            try:
                return self._pass(image, once, tile, progress)
            except OutOfMemory as error:
                if tile <= _SMALLEST_TILE:
                    raise UserError(
                        f"{self.model.name}: not even a tile of {tile} px fits into the memory of {self._device}; "
                        "free memory on it or use the CPU."
                    ) from error
                tile, self._batch = max(tile // 2, _SMALLEST_TILE), max(self._batch // 2, 1)

    def _pass(self, image: NDArray[np.float32], sink: Sink, tile: int, progress: Progress) -> None:
        facts = self.model.capabilities
        (_, height, width), scale, halo = image.shape, facts.scale, facts.receptive_field
        rows = plan_axis(height, tile + 2 * halo, 3 * halo + 1, facts.size_multiple)
        columns = plan_axis(width, tile + 2 * halo, 3 * halo + 1, facts.size_multiple)
        band = BandAccumulator(facts.channels_out, height * scale, width * scale, sink)
        for index, row in enumerate(rows):
            self._row_of_tiles(image, row, columns, band)
            band.finish(rows[index + 1].start * scale if index + 1 < len(rows) else height * scale)
            progress(index + 1, len(rows), "rows of tiles")

    def _row_of_tiles(
        self, image: NDArray[np.float32], row: Span, columns: tuple[Span, ...], band: BandAccumulator
    ) -> None:
        facts = self.model.capabilities
        scale, halo = facts.scale, facts.receptive_field
        down = axis_weights(row, image.shape[1], halo, scale)
        for first in range(0, len(columns), self._batch):
            spans = columns[first : first + self._batch]
            batch = np.stack([cut(image, row, span) for span in spans])
            for span, tile in zip(spans, run_batch(self.model, batch, self._device), strict=True):
                right = axis_weights(span, image.shape[2], halo, scale)
                band.add(row.start * scale, span.start * scale, tile, down, right)


def choose_device(wanted: str = "auto") -> Literal["cpu", "cuda"]:
    """`cuda` where it is wanted or `auto` finds one, else `cpu`."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return "cuda" if wanted.startswith("cuda") else "cpu"
