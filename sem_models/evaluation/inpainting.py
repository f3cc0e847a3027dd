"""Scoring of inpainting: whole frames with simulated line defects, compared as a whole and at the hidden pixels."""

from collections.abc import Sequence

import numpy as np
import torch

from sem_models.config.degradation import Degradation, LineDefects
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.manifest import Entry
from sem_models.errors import UserError
from sem_models.evaluation.baselines.lines import InterpolatedLines, fill_and_mark
from sem_models.evaluation.benchmark import Benchmark
from sem_models.evaluation.metrics.table import psnr_db
from sem_models.evaluation.restoration import describe_input, image_seed
from sem_models.evaluation.scorer import DATA_RANGE, Case, Scorer, Scores
from sem_models.images.intensity import UnitImage
from sem_models.inference.model import UnitModel
from sem_models.physics.line_defects import draw_line_defects, spoil_lines


def inpainting_benchmark(dataset: Dataset, degradation: Degradation) -> Benchmark:
    """Return the benchmark of inpainted frames against the frames as recorded, beside linear interpolation.

    Args:
        dataset: Single images without line defects.
        degradation: Its `lines` are drawn for each frame by a seed from its name; default settings if it has none.

    Raises:
        UserError: The dataset contains inputs.
    """
    if dataset.manifest.layout.brings_inputs:
        raise UserError(
            f"Dataset {dataset.manifest.name!r} is {dataset.manifest.kind}; score inpainting on single images, in "
            "which line defects are simulated."
        )
    baselines: Sequence[UnitModel] = [InterpolatedLines()]
    forward = degradation if degradation.lines else degradation.model_copy(update={"lines": LineDefects()})
    return Benchmark(
        dataset=dataset,
        case_of=lambda entry: line_case(dataset, entry, forward),
        scorer=_LineScorer(),
        baselines=baselines,
        inputs=describe_input(dataset, forward),
        border_px=1,
        notes=("Methods know which pixels are defective; all others stay unchanged and are exact.",),
    )


def line_case(dataset: Dataset, entry: Entry, degradation: Degradation) -> Case:
    """Simulate line defects in one image, the same each time; the input is the interpolated image with its mask."""
    sharp = torch.from_numpy(dataset.unit(entry, "image"))
    generator = torch.Generator().manual_seed(image_seed(entry.name))
    lines = degradation.lines or LineDefects()
    height, width = sharp.shape[1:]
    spoilt, hidden = spoil_lines(sharp, draw_line_defects(height, width, lines, generator))
    return Case(
        input=fill_and_mark(spoilt[None], hidden[None])[0].numpy(),
        target=sharp.numpy(),
        scale=1,
        downsampling=degradation.downsampling,
        pixel_size_nm=entry.array("image").pixel_size_nm,
        recorded=spoilt.numpy(),
    )


class _LineScorer:
    """Computes the usual scores, and the PSNR of hidden pixels alone."""

    def __init__(self) -> None:
        self._scorer = Scorer()

    @property
    def notes(self) -> list[str]:
        return self._scorer.notes

    def __call__(self, whole: UnitImage, case: Case) -> Scores:
        return {**self._scorer(whole, case), "hidden_psnr_db": hidden_psnr_db(whole, case)}


def hidden_psnr_db(whole: UnitImage, case: Case) -> float | None:
    """Compute the PSNR in dB over all hidden pixels, those at the edge included; None if there are none."""
    hidden = np.broadcast_to(case.input[-1:] > 0.5, whole.shape)
    if not hidden.any():
        return None
    output, target = (np.clip(image[hidden], 0, DATA_RANGE) for image in (whole, case.target))
    return psnr_db(output, target, DATA_RANGE)
