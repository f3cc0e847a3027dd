"""The files that a model takes together, put together as `prepare` does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.predict.outputs import input_files
from sem_models.datasets.preparation.sources import find_extra_inputs
from sem_models.errors import UserError
from sem_models.images.channels import to_grey
from sem_models.images.databar import DataBar, crop_databar
from sem_models.images.io.read import read_identified_pages
from sem_models.images.micrograph import Micrograph
from sem_models.images.stack import assemble

Stack = tuple[Path, ...]
"""A file and its further inputs, in the order of their channels."""


@dataclass(frozen=True)
class InputStacks:
    """All inputs of one run."""

    stacks: tuple[Stack, ...]
    incomplete: tuple[Path, ...]
    """First files that lack a further one."""


def input_stacks(inputs: Sequence[Path], extra_inputs: Sequence[Path], out: Path) -> InputStacks:
    """Files below `inputs`, each with one from every place in `extra_inputs`, matched by name as in preparation.

    Raises:
        UserError: A place does not exist or holds no image, or a file stands in two places.
    """
    first = input_files(inputs, out)
    found = find_extra_inputs(first, [input_files([place], out) for place in extra_inputs])
    return InputStacks(tuple((path, *others) for path, others in found.of.items()), found.alone)


def stack_pages(stack: Stack) -> Iterator[tuple[Micrograph, ...]]:
    """Page after page, one image from each file.

    Raises:
        UserError: A file cannot be read, or the files differ in their number of pages.
    """
    try:
        yield from zip(*map(read_identified_pages, stack), strict=True)
    except ValueError as error:
        names = " and ".join(path.name for path in stack)
        raise UserError(f"{names}: they differ in their number of pages; export as many of each.") from error


def join(images: Sequence[Micrograph], bars: Sequence[DataBar]) -> Micrograph:
    """One image of all channels without data bars; a single one keeps the channels that it has.

    Raises:
        UserError: The images do not go together.
    """
    cut = [crop_databar(image, bar) for image, bar in zip(images, bars, strict=True)]
    return cut[0] if len(cut) == 1 else assemble([to_grey(image) for image in cut])
