"""Reading 1,000 damaged files: each is refused in one line or gives an image, in bounded time and memory.

    python -m benchmarks.readers.mutated_files [FOLDER_OF_REAL_FILES]

Each file is read in a worker process with a limit on its address space; a worker that takes too long is killed. Writes
`mutated_files.json`; five minutes. Files that exceed a limit are kept in `kept` beside it.
"""

import json
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.readers.mutations import mutate
from benchmarks.readers.seeds import real_seeds, write_seeds
from sem_models.errors import UserError
from sem_models.images.io.read import read_pages

FILES = 1000
MOST_SECONDS, MOST_BYTES = 5.0, 2**30
_ADDRESS_SPACE = 8 * 2**30
_KILLED_AFTER_S = 60.0
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    file: str
    mutation: str
    result: str
    """`image`, `refused`, `uncaught`, `crashed` or `killed`."""
    message: str = ""
    seconds: float = 0.0
    """Processor time."""
    peak_bytes: int = 0
    """Largest memory of the worker above that before reading."""

    @property
    def sound(self) -> bool:
        """Whether the file gave an image or an error message, within the limits."""
        answered = self.result in ("image", "refused")
        return answered and self.seconds <= MOST_SECONDS and self.peak_bytes <= MOST_BYTES


def read_mutated(seeds: Sequence[Path], count: int, folder: Path) -> Iterator[Outcome]:
    """Damage the seeds in turn, `count` times in total, and read each file in a worker; unsound files are kept."""
    worker = _Worker()
    for index in range(count):
        seed = seeds[index % len(seeds)]
        # The kind of damage must not depend on the seed, or some pairs would never meet.
        mutation, data = mutate(seed.read_bytes(), index + index // len(seeds))
        path = folder / f"{index:04d}-{mutation}-{seed.name}"
        path.write_bytes(data)
        outcome = worker.read(path, mutation)
        if outcome.sound:
            path.unlink()
        yield outcome
    worker.stop()


class _Worker:
    """A process that reads files, started again after a crash."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_read_all, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def read(self, path: Path, mutation: str) -> Outcome:
        """Read one file."""
        self._connection.send((path, mutation))
        try:
            if self._connection.poll(_KILLED_AFTER_S):
                found: Outcome = self._connection.recv()
                return found
            result = "killed"
        except EOFError:
            result = "crashed"
        self.stop()
        self._start()
        return Outcome(path.name, mutation, result)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def _read_all(requests: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    warnings.simplefilter("ignore")
    while True:
        try:
            path, mutation = requests.recv()
        except EOFError:
            return
        requests.send(_outcome(path, mutation))


def _outcome(path: Path, mutation: str) -> Outcome:
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before, start, message = _memory("VmRSS"), time.process_time(), ""
    try:
        for page in read_pages(path):
            del page
        result = "image"
    except UserError as error:
        result, message = "refused", str(error)
    except BaseException as error:
        result, message = "uncaught", repr(error)
    seconds, peak = time.process_time() - start, _memory("VmHWM") - before
    if result == "refused" and (path.name not in message or "\n" in message):
        result = "uncaught"
    return Outcome(path.name, mutation, result, message, round(seconds, 3), max(0, peak))


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def summary(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Count the outcomes, and list the files that exceeded a limit."""
    formats: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        formats.setdefault(Path(outcome.file).suffix, Counter())[outcome.result] += 1
    return {
        "files": len(outcomes),
        "results": dict(Counter(outcome.result for outcome in outcomes)),
        "of_format": {suffix: dict(found) for suffix, found in sorted(formats.items())},
        "slowest": asdict(max(outcomes, key=lambda outcome: outcome.seconds)),
        "largest": asdict(max(outcomes, key=lambda outcome: outcome.peak_bytes)),
        "over_5_s": sum(outcome.seconds > MOST_SECONDS for outcome in outcomes),
        "over_1_gib": sum(outcome.peak_bytes > MOST_BYTES for outcome in outcomes),
        "unsound": [asdict(outcome) for outcome in outcomes if not outcome.sound],
    }


def main() -> None:
    """Measure and write."""
    kept = _HERE / "kept"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        seeds = write_seeds(Path(place)) + (real_seeds(Path(sys.argv[1])) if len(sys.argv) > 1 else [])
        outcomes = []
        for outcome in read_mutated(seeds, FILES, kept):
            outcomes.append(outcome)
            if not outcome.sound:
                print(outcome)
    if not any(kept.iterdir()):
        kept.rmdir()
    found = {"seeds": sorted(seed.name for seed in seeds), **summary(outcomes)}
    (_HERE / "mutated_files.json").write_text(json.dumps(found, indent=1) + "\n")
    print({key: value for key, value in found.items() if key not in ("seeds", "unsound")})


if __name__ == "__main__":
    main()
