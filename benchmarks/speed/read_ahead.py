"""Whether many files are done sooner if the next one is read, and the last one written, while one is computed.

    python -m benchmarks.speed.read_ahead [--rounds N] [--models NAME ...] [--sizes PX ...] [--megapixels N]

The program does one after the other. Here this is compared, in turns and in one process, with the same work and two
threads beside it: one reads and decodes at most one file ahead, one flushes and renames at most one result behind. The
seconds of reading and of finishing are what could be saved at most: rows are written while others are computed. The
inputs are 16-bit TIFF files with zlib compression; the pixels of both ways must be equal.
Writes `read_ahead.json` next to this file.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import tifffile
import torch

from benchmarks.speed.harness import Measures, circumstances, in_turns, measured, store, summary
from pipelines.predict.batch import OutputNames, process_files
from pipelines.predict.files import Application, Stack
from sem_models.images.io.write import TiffRowWriter
from sem_models.images.micrograph import Micrograph
from sem_models.inference.predictor import Predictor
from sem_models.progress import silent
from sem_models.starters.shelf import load_starter

MODELS, SIZES_PX, MEGAPIXELS = ("denoise",), (1024, 3072), 20
PLAIN, BESIDE = "one after the other", "reading and writing beside it"


@dataclass(frozen=True)
class ReadingAhead(Application):
    """The work on many files, in which a thread reads the pages of the next file."""

    stacks: Sequence[Stack] = ()
    reader: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    read: dict[Stack, Future[list[tuple[Micrograph, ...]]]] = field(default_factory=dict)

    def pages(self, stack: Stack) -> Iterator[tuple[Micrograph, ...]]:
        """Yield the pages of a file and begin to read the next one."""
        mine, follows = self._reading(stack), self.stacks.index(stack) + 1
        found = mine.result()
        if follows < len(self.stacks):
            self._reading(self.stacks[follows])
        del self.read[stack]
        yield from found

    def _reading(self, stack: Stack) -> Future[list[tuple[Micrograph, ...]]]:
        if stack not in self.read:
            self.read[stack] = self.reader.submit(lambda: list(super(ReadingAhead, self).pages(stack)))
        return self.read[stack]


@contextmanager
def written_behind() -> Iterator[None]:
    """Finish files in a thread while the next one is computed, one at a time; the last is finished at the end."""
    finish, last = TiffRowWriter.__exit__, Future[None]()
    last.set_result(None)
    with ThreadPoolExecutor(1) as writer:

        def behind(file: TiffRowWriter, *error: Any) -> None:
            nonlocal last
            last.result()
            last = writer.submit(finish, file, *error)

        with patch.object(TiffRowWriter, "__exit__", behind):
            yield
        last.result()


@contextmanager
def finishing_timed(seconds: list[float]) -> Iterator[None]:
    """Note how long each file takes to be flushed and renamed."""
    finish = TiffRowWriter.__exit__

    def timed(file: TiffRowWriter, *error: Any) -> None:
        start = time.perf_counter()
        finish(file, *error)
        seconds.append(time.perf_counter() - start)

    with patch.object(TiffRowWriter, "__exit__", timed):
        yield


def make_files(folder: Path, size_px: int, count: int) -> list[Path]:
    """Write noisy structure, which compresses as micrographs do."""
    draw = np.random.default_rng(0)
    rows, columns = np.mgrid[:size_px, :size_px]
    structure = 30000 + 15000 * np.sin(columns / 17) * np.cos(rows / 23)
    files = [folder / f"{number:03d}.tif" for number in range(count)]
    for file in files:
        tifffile.imwrite(file, draw.poisson(structure / 50).astype(np.uint16) * 50, compression="zlib")
    return files


def ways(predictor: Predictor, files: Sequence[Path], out: Path) -> dict[str, Callable[[], Measures]]:
    """Return both ways to predict all files."""
    stacks = [(file,) for file in files]

    def plain() -> Measures:
        names, seconds = OutputNames(out / "plain", files, overwrite=True), list[float]()
        work = Application(predictor, names, "keep", None)
        with finishing_timed(seconds):
            whole = measured(partial(process_files, work, stacks, silent))
        reading = measured(lambda: [list(work.pages(stack)) for stack in stacks])
        return {**whole, "reading_s": reading["wall_s"], "finishing_s": sum(seconds)}

    def beside() -> None:
        names = OutputNames(out / "beside", files, overwrite=True)
        work = ReadingAhead(predictor, names, "keep", None, stacks=stacks)
        with work.reader, written_behind():
            process_files(work, stacks, silent)

    return {PLAIN: plain, BESIDE: partial(measured, beside)}


def compare(predictor: Predictor, size_px: int, count: int, rounds: int) -> dict[str, Any]:
    """Measure files of one size; raises `RuntimeError` if the ways differ."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = make_files(folder, size_px, count)
        found = in_turns(ways(predictor, files, folder / "out"), rounds, warm_up=0)
        for file in files:
            plain, beside = (tifffile.imread(folder / "out" / way / file.name) for way in ("plain", "beside"))
            if not np.array_equal(plain, beside):
                raise RuntimeError(f"the results for {file.name} differ")
    rows = summary(found, "wall_s")
    each = [one["wall_s"] / other["wall_s"] for one, other in zip(found[PLAIN], found[BESIDE], strict=True)]
    return {"files": count, "rows": rows, "ratio_of_each_round": [round(ratio, 3) for ratio in each]}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES_PX)
    parser.add_argument("--megapixels", type=float, default=MEGAPIXELS, help="of all files together")
    given = parser.parse_args()
    result: dict[str, Any] = {**circumstances(given.rounds), "threads": torch.get_num_threads(), "models": {}}
    for name in given.models:
        predictor = Predictor(load_starter(name), backend="torch")
        predictor.predict_unit(np.zeros((1, 256, 256), np.float32))  # warm-up
        counts = {size: max(2, round(given.megapixels * 1e6 / size**2)) for size in given.sizes}
        result["models"][f"starter:{name}"] = {
            str(size): compare(predictor, size, count, given.rounds) for size, count in counts.items()
        }
    store(__file__, result)


if __name__ == "__main__":
    main()
