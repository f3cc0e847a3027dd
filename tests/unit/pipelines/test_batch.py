"""The loop over files that all predictions share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipelines.predict.batch import FileWork, OutputNames, input_files, process_files
from pipelines.predict.files import predict
from pipelines.predict.requests import PredictRequest
from sem_models.errors import Cancelled, Message, UserError
from sem_models.images.io.write import write_micrograph
from sem_models.images.micrograph import Micrograph
from sem_models.progress import Progress, silent


@dataclass(frozen=True)
class Done:
    item: str
    number: int
    error: Message | None = None


class Letters(FileWork[str, str, Done]):
    """Each file is a word and its pages are letters; `x` is an unusable page, `!` the end of a broken file."""

    def pages(self, item: str) -> Iterator[str]:
        for letter in item:
            if letter == "!":
                raise UserError("broken file")
            yield letter

    def apply(self, item: str, number: int, page: str, progress: Progress) -> Done:
        if page == "x":
            raise UserError("bad page")
        if page == "c":
            raise Cancelled
        progress(1, 2, "letters")
        return Done(item, number)

    def failed(self, item: str, number: int, error: Message) -> Done:
        return Done(item, number, error)


def told(done: list[Done]) -> list[tuple[str, int, str | None]]:
    return [(one.item, one.number, str(one.error) if one.error else None) for one in done]


def test_a_bad_page_ends_neither_its_file_nor_the_others() -> None:
    done = process_files(Letters(), ["axa", "x", "b"], silent)
    expected = [("axa", 0, None), ("axa", 1, "bad page"), ("axa", 2, None), ("x", 0, "bad page"), ("b", 0, None)]
    assert told(done) == expected


def test_a_file_that_breaks_keeps_the_pages_before() -> None:
    done = process_files(Letters(), ["aa!a", "b"], silent)
    expected = [("aa!a", 0, None), ("aa!a", 1, None), ("aa!a", 2, "broken file"), ("b", 0, None)]
    assert told(done) == expected


def test_nothing_done_is_the_fault_of_the_user() -> None:
    lost = [Done("lost", 0, Message("an extra input is missing"))]
    with pytest.raises(UserError, match=r"None of 3 files could be used: an extra input is missing"):
        process_files(Letters(), ["x", "!"], silent, failed=lost)
    assert [one.item for one in process_files(Letters(), ["a"], silent, failed=lost)] == ["lost", "a"]


def test_a_cancel_ends_the_loop() -> None:
    heard: list[tuple[int, int, str]] = []
    with pytest.raises(Cancelled):
        process_files(Letters(), ["a", "c", "a"], lambda *args: heard.append(args))
    assert heard[-1] == (1, 3, "files")


def test_progress_is_reported_by_file_or_by_the_work_itself() -> None:
    heard: list[tuple[int, int, str]] = []
    process_files(Letters(), ["a", "b"], lambda *args: heard.append(args))
    assert heard == [(1, 2, "files"), (2, 2, "files")]
    heard.clear()
    process_files(Letters(), ["a", "b"], lambda *args: heard.append(args), what=None)
    assert heard == [(1, 4, "letters"), (3, 4, "letters")]


def test_names_of_pages_and_a_folder_that_is_a_file(tmp_path: Path) -> None:
    names = OutputNames(tmp_path / "new" / "out", (), overwrite=False)
    pixels = np.zeros((4, 4, 1), np.uint8)
    source = Path("a#1.tif")
    assert names.of_page(source, Micrograph(pixels, source="a#1.tif")).name == "a#1.tif"
    assert names.of_page(source, Micrograph(pixels, source="a#1.tif#2")).name == "a#1-p2.tif"
    assert (tmp_path / "new" / "out").is_dir()
    (tmp_path / "taken").touch()
    with pytest.raises(UserError, match="is a file"):
        OutputNames(tmp_path / "taken", (), overwrite=False)
    with pytest.raises(UserError, match="is a file"):
        input_files([tmp_path], tmp_path / "taken")


@pytest.mark.parametrize("model", ["starter:denoise", "starter:refocus"])
def test_the_tiles_of_a_single_file_are_counted_and_of_several_the_files(
    model: str, sem_home: Path, tmp_path: Path
) -> None:
    """A large image takes minutes, in which nothing else would be told."""
    files = tuple(tmp_path / f"{name}.tif" for name in "ab")
    grey = np.random.default_rng(0).integers(0, 250, (400, 300, 1)).astype(np.uint8)
    for path in files:
        write_micrograph(path, Micrograph(grey, 4.0))
    told: list[tuple[int, int, str]] = []
    request = {"model": model, "tile_px": 64, "std": "never"}
    predict(PredictRequest(inputs=files[:1], out=tmp_path / "one", **request), lambda *now: told.append(now))
    (total, what) = {(total, what) for _, total, what in told}.pop()
    assert what == "tiles" and total > 1
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert told[-1] == (total, total, "tiles")
    told.clear()
    predict(PredictRequest(inputs=files, out=tmp_path / "two", **request), lambda *now: told.append(now))
    assert told == [(1, 2, "files"), (2, 2, "files")]
