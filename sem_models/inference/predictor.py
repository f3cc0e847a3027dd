"""Applying a model to micrographs of any size: the image stays in CPU memory, tiles go to the device."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from sem_models.config.backend import BackendChoice
from sem_models.counts import counted
from sem_models.errors import FieldRef, Message, UserError
from sem_models.images.channels import require_grey
from sem_models.images.intensity import IntensityRange, from_unit
from sem_models.images.io.write import TiffRowWriter, reserved
from sem_models.images.micrograph import Micrograph, Pixels
from sem_models.images.provenance import Origin, ProcessingStep
from sem_models.images.stack import stack_to_unit
from sem_models.inference.backends.base import Turns
from sem_models.inference.diffusion.model import DiffusionModel
from sem_models.inference.diffusion.stream import DrawingStream
from sem_models.inference.model import UnitModel, learned_of, step_of
from sem_models.inference.scaling import Scaling, measured_limits, scaling_for
from sem_models.inference.tiling.stream import TileStream
from sem_models.inference.tiling.tiles import TileSource
from sem_models.progress import Progress, silent

WriteRows = Callable[[int, Pixels], None]
"""Receives the index of the first row and (h, W, C) rows."""


class Predictor:
    """Runs one model over whole micrographs."""

    def __init__(
        self,
        model: UnitModel,
        device: str = "auto",
        tile: int | None = None,
        batch: int | None = None,
        backend: BackendChoice = "auto",
        turns: Turns | None = None,
    ) -> None:
        """Prepare for prediction.

        Args:
            model: Must already be on `device`.
            device: `cpu`, `cuda` or `auto`.
            tile: Edge of a tile in input pixels, without the halo; None: chosen by image, halo and memory.
            batch: Number of tiles in a batch; None: 1, or 4 if `tile` is given and there is a GPU.
            backend: What computes a trained network on the CPU. `auto`: PyTorch, or what was measured to be faster,
                with the same output to within 1e-5 of its range, where there is enough work.
            turns: A lock that the caller holds during each prediction. If given, backends are measured between
                predictions, in a thread of their own, so that none waits for it.
        """
        self.model = model
        self._asked = device, tile, batch, backend, turns
        self.backends: set[str] = set()
        """What has computed images besides PyTorch, with versions."""
        self._stream: TileStream | DrawingStream
        if isinstance(model, DiffusionModel):
            self._stream = DrawingStream(model, tile, batch)
        else:
            self._stream = TileStream(model, torch.device(choose_device(device)), tile, batch, backend, turns)

    def with_model(self, model: UnitModel) -> "Predictor":
        """Return a predictor for another model on the same device, with tiles of the same size."""
        return Predictor(model, *self._asked)

    def predict_unit(self, image: NDArray[np.float32], progress: Progress = silent) -> NDArray[np.float32]:
        """Apply the model to (C, H, W) float32 in unit intensity; returns (C', H x scale, W x scale) float32."""
        height, width, channels = self._shape(image.shape[1], image.shape[2])
        out = np.empty((channels, height, width), np.float32)

        def keep(first: int, rows: NDArray[np.float32]) -> None:
            out[:, first : first + rows.shape[1]] = rows

        source = self._prepared(TileSource(image, None))
        self._stream(source, keep, progress)
        return out

    def predict(
        self, micrograph: Micrograph, progress: Progress = silent, origin: Origin = Origin.RESTORED
    ) -> Micrograph:
        """Apply the model to a micrograph; the result has the dtype and the units that `scaling_for` chooses.

        Its pixel size is divided by the scale, and its history is one step longer.

        Raises:
            UserError: The model takes another number of channels.
        """
        grey = self.accepted(micrograph)
        scaling = scaling_for(self.model, measured_limits(grey), origin)
        pixels = np.empty(self._shape(grey.height, grey.width), scaling.dtype)
        source = self._prepared(_tile_source(grey, scaling.inputs))
        saturated = self._restore(source, scaling, _into(pixels), progress)
        result = self._result(grey, pixels, scaling, origin)
        return replace(result, metadata={**result.metadata, "saturated_fraction": round(saturated, 6)})

    def predict_with_deviation(
        self, micrograph: Micrograph, progress: Progress = silent, origin: Origin = Origin.RESTORED
    ) -> tuple[Micrograph, Micrograph]:
        """Do as `predict` with a model whose last channel is the standard deviation of the others.

        Returns:
            The result, and the standard deviation in its grey levels, float32.
        """
        grey = self.accepted(micrograph)
        scaling = scaling_for(self.model, measured_limits(grey), origin)
        height, width, channels = self._shape(grey.height, grey.width)
        pixels = np.empty((height, width, channels - 1), scaling.dtype)
        deviation = np.empty((height, width, 1), np.float32)
        source = self._prepared(_tile_source(grey, scaling.inputs))
        self._restore(source, scaling, _into(pixels), progress, _into(deviation))
        result = self._result(grey, pixels, scaling, origin)
        return result, _deviation(result).with_pixels(deviation)

    def predict_to_file(
        self,
        micrograph: Micrograph,
        out: Path,
        progress: Progress = silent,
        origin: Origin = Origin.RESTORED,
        std: Path | None = None,
    ) -> ProcessingStep:
        """Do the same as `predict` into a TIFF file, written by rows so that it is never whole in memory.

        Args:
            micrograph: The image.
            out: The file.
            progress: Told after each tile.
            origin: Kind of the output.
            std: Where the last channel of the model goes, if that is the standard deviation of the others: a float32
                TIFF file, in grey levels of the output.

        Returns:
            The processing step that the file names.
        """
        grey = self.accepted(micrograph)
        scaling = scaling_for(self.model, measured_limits(grey), origin)
        source = self._prepared(_tile_source(grey, scaling.inputs))
        height, width, channels = self._shape(grey.height, grey.width)
        pixels = reserved((height, width, channels - (std is not None)), scaling.dtype)
        result = self._result(grey, pixels, scaling, origin)
        with ExitStack() as files:
            write = files.enter_context(TiffRowWriter(out, result)).write_rows
            write_std = files.enter_context(TiffRowWriter(std, _deviation(result))).write_rows if std else None
            self._restore(source, scaling, write, progress, write_std)
        return result.history[-1]

    def _prepared(self, source: TileSource) -> TileSource:
        """Return the source of tiles; what computes them is known from now on."""
        self._stream.prepare(source)
        self.backends |= {self._stream.backend} - {""}
        return source

    def _restore(
        self,
        source: TileSource,
        scaling: Scaling,
        write: WriteRows,
        progress: Progress,
        write_std: WriteRows | None = None,
    ) -> float:
        """Pass (h, W, C) rows of native pixels to `write`; returns the fraction of them that had to be clipped.

        The last channel goes to `write_std`, if there is one, in float32.
        """
        clipped: list[float] = []

        def convert(first: int, rows: NDArray[np.float32]) -> None:
            if write_std:
                write_std(first, rows[-1][..., None] * np.float32(scaling.output.span))
                rows = rows[:-1]
            native, saturated = from_unit(rows.transpose(1, 2, 0), scaling.output, scaling.dtype)
            clipped.append(saturated * rows.shape[1])
            write(first, native)

        self._stream(source, convert, progress)
        return sum(clipped) / (source.height * self.model.capabilities.scale)

    def _shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Return the shape of the output, (H, W, C)."""
        facts = self.model.capabilities
        return height * facts.scale, width * facts.scale, facts.channels_out

    def accepted(self, micrograph: Micrograph) -> Micrograph:
        """Return the micrograph with the channels that the model takes; raises a `UserError` if it has others."""
        wanted = self.model.capabilities.channels_in
        grey = require_grey(micrograph) if wanted == 1 else micrograph
        if grey.channels != wanted:
            raise UserError(_other_channels(grey, self.model.name, wanted))
        return grey

    def step_for(self, image: Micrograph, scaling: Scaling | None, origin: Origin = Origin.RESTORED) -> ProcessingStep:
        """Describe what applying the model does to an image, for the history of the output.

        Args:
            image: The input as recorded, (H, W, C) in its native dtype.
            scaling: The intensity limits that were applied to it; None for masks, which have none.
            origin: Kind of the output.

        Returns:
            The step with the settings and notes of the model, the limits, the backend, and what to know before the
            output is trusted: limits that are not those of the training, an image unlike those of the training.
        """
        step = step_of(self.model).model_copy(update={"origin": origin, "backend": self._stream.backend})
        noted = scaling.noted(step) if scaling else step
        warning = "; ".join(filter(None, (noted.warning, self._unlike(image))))
        return noted.model_copy(update={"warning": warning})

    def _result(self, micrograph: Micrograph, pixels: Pixels, scaling: Scaling, origin: Origin) -> Micrograph:
        step = self.step_for(micrograph, scaling, origin)
        return micrograph.processed(pixels, step, self.model.capabilities.scale)

    def _unlike(self, micrograph: Micrograph) -> str:
        """Say that an image is unlike what the model learned from; empty if it is not, or if that is unknown."""
        learned = learned_of(self.model)
        check = learned.check(micrograph.pixels[..., 0]) if learned else None
        return check.warning if check else ""


def _into(pixels: Pixels) -> WriteRows:
    """Return what writes rows into an array."""

    def keep(first: int, rows: Pixels) -> None:
        pixels[first : first + len(rows)] = rows

    return keep


def _deviation(result: Micrograph) -> Micrograph:
    """Describe the file of standard deviations that belongs to a result."""
    step = result.history[-1].with_settings(first="standard deviation in grey levels")
    history = (*result.history[:-1], step)
    pixels = reserved((result.height, result.width, 1), np.dtype(np.float32))
    return replace(result, pixels=pixels, history=history)


def _tile_source(image: Micrograph, limits: tuple[IntensityRange, ...]) -> TileSource:
    """Return native pixels if all channels share their intensity limits, else the whole image in unit intensity."""
    if len(set(limits)) == 1:
        return TileSource(image.pixels.transpose(2, 0, 1), limits[0])
    unit = stack_to_unit(image.pixels, image.parts, limits)
    return TileSource(np.ascontiguousarray(unit.transpose(2, 0, 1)), None)


def _other_channels(image: Micrograph, model: str, wanted: int) -> Message:
    text = f"{image.source} has {image.channels} channel(s), but {model} takes {wanted}"
    missing = wanted - image.channels
    if missing <= 0:
        return Message(f"{text}.")
    return Message(f"{text}; give the other {missing} as ", FieldRef("extra_inputs"), ".")


def choose_device(wanted: str = "auto") -> Literal["cpu", "cuda"]:
    """Return `cuda` if it is asked for or `auto` finds a GPU, else `cpu`."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return "cuda" if wanted.startswith("cuda") else "cpu"


def device_name() -> str:
    """Name what models run on by default: the GPU, or the CPU with the threads that PyTorch uses."""
    threads = torch.get_num_threads()
    return str(torch.cuda.get_device_name()) if choose_device() == "cuda" else f"CPU, {counted(threads, 'thread')}"
