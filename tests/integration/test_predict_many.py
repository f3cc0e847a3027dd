"""Very many files: each is done once, whoever is killed, and what became of it is in the ledger."""

import json
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipelines.predict import many
from pipelines.predict.batch import FileWork, LastingNames
from pipelines.predict.files import Prediction, predict
from pipelines.predict.ledger import NAME, Ledger, Record
from pipelines.predict.many import predict_many
from pipelines.predict.requests import PredictManyRequest, PredictRequest
from sem_models.errors import Message, UserError
from sem_models.images.io.read import read_micrograph
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.progress import Progress

FORK = multiprocessing.get_context("fork")


def images(folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True)
    paths = [folder / f"{number:03d}.tif" for number in range(count)]
    for number, path in enumerate(paths):
        write_micrograph(path, Micrograph(np.full((16, 16, 1), number, np.uint16), 2.0))
    return paths


def records(out: Path) -> list[dict[str, object]]:
    """All whole lines about files."""
    lines = [json.loads(line) for line in (out / NAME).read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if "file" in line]


def test_a_second_start_does_only_what_is_missing_and_failed_files_on_request(tmp_path: Path) -> None:
    paths = images(tmp_path / "in", 3)
    paths[1].write_bytes(b"no image")
    request = PredictManyRequest(model="baseline:bicubic", inputs=(tmp_path / "in",), out=tmp_path / "out", scale=2)
    first = predict_many(request)
    assert (first.done, first.failed, first.by_others) == (2, 1, 0)
    assert [line["state"] for line in records(request.out)] == ["done", "failed", "done"]
    assert "001.tif" in str(records(request.out)[1]["error"])
    assert predict_many(request).by_others == 3

    (request.out / "002.tif").unlink()
    assert predict_many(request).done == 1, "a result that is gone is made again"
    write_micrograph(paths[1], Micrograph(np.full((16, 16, 1), 9, np.uint16), 2.0))
    assert predict_many(request).done == 0
    assert predict_many(request.model_copy(update={"retry_failed": True})).done == 1

    predict(PredictRequest(model="baseline:bicubic", inputs=(tmp_path / "in",), out=tmp_path / "plain", scale=2))
    for path in paths:
        ours, plain = (read_micrograph(tmp_path / folder / path.name).pixels for folder in ("out", "plain"))
        np.testing.assert_array_equal(ours, plain)
    with pytest.raises(UserError, match="scale 2, not 4"):
        predict_many(request.model_copy(update={"scale": 4}))
    with pytest.raises(UserError, match="holds files that no ledger lists"):
        predict_many(request.model_copy(update={"out": tmp_path / "plain"}))


def test_names_do_not_depend_on_who_asks_first(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a/x.tif", "b/x.tif", "b/X.png", "c/y.tif", "c/y-p2.tif")]
    one, other = (LastingNames(tmp_path / "out", files) for _ in range(2))
    given = [one(path) for path in files]
    assert given == [other(path) for path in reversed(files)][::-1]
    assert len({str(path).casefold() for path in [*given, one(files[3], "2")]}) == 6
    assert given[3].name == "y.tif"


def test_a_torn_line_is_passed_over_and_its_file_is_done_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "out", {"model": "m"})
    ledger.append(Record(str(tmp_path / "a"), "", (), 0.0))
    with (tmp_path / "out" / NAME).open("a") as file:
        file.write('{"file": "' + str(tmp_path / "b"))
    assert ledger.settled(tmp_path / "a") is not None
    assert ledger.settled(tmp_path / "b") is None
    ledger.append(Record(str(tmp_path / "c"), "", (), 0.0))
    assert ledger.settled(tmp_path / "c") is not None
    again = Ledger(tmp_path / "out", {"model": "m"})
    assert [again.settled(tmp_path / name) is not None for name in "abc"] == [True, False, True]


class Copies(FileWork[tuple[Path, ...], int, Prediction]):
    """Writes each file in two parts with a pause, and notes how often it was begun and ended."""

    def __init__(self, out: Path, log: Path) -> None:
        self.out, self.log = out, log

    def pages(self, item: tuple[Path, ...]) -> Iterator[int]:
        yield 0

    def apply(self, item: tuple[Path, ...], number: int, page: int, progress: Progress) -> Prediction:
        target = self.out / item[0].name
        part = target.with_suffix(".part")
        part.write_bytes(item[0].read_bytes()[:100])
        time.sleep(0.03)
        part.write_bytes(item[0].read_bytes())
        part.replace(target)
        return Prediction(str(item[0]), number, str(target), None)

    def failed(self, item: tuple[Path, ...], number: int, error: Message) -> Prediction:
        raise AssertionError(error)


def work_as(request: PredictManyRequest, log: Path) -> None:
    many.application = lambda request, names: Copies(request.out, log)  # type: ignore[assignment]
    predict_many(request)
    os._exit(0)


def start(request: PredictManyRequest, log: Path) -> multiprocessing.process.BaseProcess:
    worker = FORK.Process(target=work_as, args=(request, log))
    worker.start()
    return worker


@pytest.mark.faults
def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """Two workers at a time, one of which is killed at a random moment and replaced.

    The work must outlast the kills, or some of them would hit workers that have nothing left to do.
    """
    paths = images(tmp_path / "in", 400)
    request = PredictManyRequest(model="baseline:bicubic", inputs=(tmp_path / "in",), out=tmp_path / "out")
    draw = random.Random(0)  # noqa: S311
    workers = [start(request, tmp_path / "log") for _ in range(2)]
    killed = 0
    while killed < 20:
        time.sleep(draw.uniform(0.01, 0.15))
        victim = draw.randrange(2)
        killed += workers[victim].is_alive()
        workers[victim].kill()
        workers[victim].join()
        workers[victim] = start(request, tmp_path / "log")
    assert len(list(records(request.out))) < len(paths)
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    found = Counter(str(line["file"]) for line in records(request.out))
    assert found == Counter(map(str, paths))
    for path in paths:
        assert (request.out / path.name).read_bytes() == path.read_bytes()


def test_two_workers_share_the_files(tmp_path: Path) -> None:
    paths = images(tmp_path / "in", 24)
    request = PredictManyRequest(model="baseline:bicubic", inputs=(tmp_path / "in",), out=tmp_path / "out")
    workers = [start(request, tmp_path / "log") for _ in range(2)]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert Counter(str(line["file"]) for line in records(request.out)) == Counter(map(str, paths))
