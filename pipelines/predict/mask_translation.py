"""Use case: translate micrographs to another contrast by way of their masks.

Everything that the mask does not hold is invented by the synthesiser: texture, organelles, noise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipelines.predict.batch import FileWork, OutputNames, input_files, process_files
from pipelines.predict.label_models import label_model, label_table
from pipelines.predict.pixel_sizes import at_size
from pipelines.predict.requests import MaskTranslationRequest
from sem_models.errors import Message
from sem_models.images.io.read import read_identified_pages
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.images.resample import resample_labels
from sem_models.images.specimen import specimen_of
from sem_models.inference.predictor import Predictor
from sem_models.progress import Progress, silent
from sem_models.tasks.models import apply_model
from sem_models.tasks.segmentation import SEGMENTATION
from sem_models.tasks.synthesis import SYNTHESIS

MASKS = "masks"


@dataclass(frozen=True)
class MaskTranslated:
    """The outcome for one page of an input file."""

    source: str
    output: str | None
    mask: str | None
    """The mask found in the input, in labels of the synthesiser, at the pixel size of the output."""
    error: Message | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _MaskTranslator:
    find: Predictor
    draw: Predictor
    from_nm: float | None
    """Pixel size that the segmenter was trained on; None where its images had several, or none."""
    to_nm: float | None
    table: Mapping[int, int]
    """Label of the segmenter to label of the synthesiser."""

    def __call__(self, image: Micrograph) -> tuple[Micrograph, Micrograph, tuple[str, ...]]:
        seen, notes = at_size(image, self.from_nm, "segmenter")
        mask = apply_model(self.find, seen)
        # Labels of the synthesiser may exceed what the dtype of the segmenter's labels holds.
        fitting = np.min_scalar_type(max(self.table.values()))
        labels = np.vectorize(self.table.__getitem__, otypes=[fitting])(mask.pixels)
        factor = self.from_nm / self.to_nm if self.from_nm and self.to_nm else 1.0
        if self.from_nm and self.to_nm and self.from_nm != self.to_nm:
            notes.append(f"mask resampled from {self.from_nm:g} to {self.to_nm:g} nm/px")
        size = self.to_nm or seen.pixel_size_nm
        mask = replace(mask, pixels=resample_labels(labels, factor), pixel_size_nm=size)
        return apply_model(self.draw, mask), mask, tuple(notes)


@dataclass(frozen=True)
class _MaskTranslationFiles(FileWork[Path, Micrograph, MaskTranslated]):
    translator: _MaskTranslator
    names: OutputNames
    stated_nm: float | None
    """Pixel size of all inputs, as the request states it."""

    def pages(self, path: Path) -> Iterator[Micrograph]:
        """See `FileWork`."""
        return read_identified_pages(path)

    def apply(self, path: Path, number: int, page: Micrograph, progress: Progress) -> MaskTranslated:  # noqa: ARG002
        """Write the drawn image, and the mask into a folder beside it."""
        target = self.names.of_page(path, page)
        grey = specimen_of(page)
        drawn, mask, notes = self.translator(replace(grey, pixel_size_nm=self.stated_nm or page.pixel_size_nm))
        beside = target.parent / MASKS / target.name
        write_micrograph(target, drawn)
        write_micrograph(beside, mask)
        return MaskTranslated(str(path), str(target), str(beside), None, notes)

    def failed(self, path: Path, number: int, error: Message) -> MaskTranslated:  # noqa: ARG002
        """See `FileWork`."""
        return MaskTranslated(str(path), None, None, error)


def translate_by_mask(request: MaskTranslationRequest, progress: Progress = silent) -> list[MaskTranslated]:
    """Write the drawn image of each page and, into a folder below, the mask between; data bars are cut off.

    Raises:
        UserError: Labels differ and are not mapped, there is no input, or no input could be used.
    """
    finds, draws = label_model(request.segmenter, SEGMENTATION), label_model(request.synthesiser, SYNTHESIS)
    table = label_table(finds.recipe.labels, draws.recipe.labels, request.mapping)
    translator = _MaskTranslator(
        Predictor(finds.model), Predictor(draws.model), finds.pixel_size_nm, draws.pixel_size_nm, table
    )
    files = input_files(request.inputs, request.out)
    names = OutputNames(request.out, files, request.overwrite)
    (request.out / MASKS).mkdir(exist_ok=True)
    work = _MaskTranslationFiles(translator, names, request.pixel_size_nm)
    return process_files(work, files, progress, "files translated")
