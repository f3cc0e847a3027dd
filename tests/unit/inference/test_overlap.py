"""Reading ahead and writing behind keep the order, bound what waits, and hand on errors."""

import threading
from functools import partial

import numpy as np
import pytest

from sem_models.errors import Cancelled
from sem_models.evaluation.baselines.table import Bicubic
from sem_models.inference.predictor import Predictor
from sem_models.inference.tiling.overlap import Overlap
from sem_models.inference.tiling.tiles import OutOfMemory


def test_order_is_kept_and_one_item_is_read_ahead() -> None:
    read: list[int] = []
    written: list[int] = []

    def reading(number: int) -> int:
        read.append(number)
        return number

    with Overlap() as overlap:
        for number in overlap.ahead(partial(reading, number) for number in range(6)):
            assert len(read) <= number + 2
            overlap.behind(partial(written.append, number))
    assert read == written == list(range(6))


def test_results_do_not_pile_up() -> None:
    """While the writer is held up, a third result waits until the first is written."""
    held, given = threading.Event(), threading.Event()
    written: list[int] = []

    def write(number: int) -> None:
        held.wait(10)
        written.append(number)

    def produce() -> None:
        with Overlap() as overlap:
            for number in range(3):
                overlap.behind(partial(write, number))
            given.set()

    thread = threading.Thread(target=produce)
    thread.start()
    assert not given.wait(0.05)
    held.set()
    thread.join(10)
    assert given.is_set()
    assert written == [0, 1, 2]


def test_an_error_of_the_writer_ends_the_work() -> None:
    def full() -> None:
        raise OSError("disk full")

    computed = []
    with pytest.raises(OSError, match="disk full"), Overlap() as overlap:
        for number in range(100):
            computed.append(number)
            overlap.behind(full)
    assert len(computed) <= 4


def test_an_error_of_the_reader_ends_the_work() -> None:
    def damaged() -> None:
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"), Overlap() as overlap:
        list(overlap.ahead([damaged]))


@pytest.mark.parametrize(("error", "kept"), [(Cancelled(), False), (OutOfMemory(1), True)])
def test_after_an_error_only_lack_of_memory_keeps_what_waits(error: Exception, kept: bool) -> None:
    begun, free = threading.Event(), threading.Event()
    written: list[int] = []

    def first() -> None:
        begun.set()
        free.wait(10)

    def interrupted() -> None:
        with Overlap() as overlap:
            overlap.behind(first)
            overlap.behind(partial(written.append, 1))
            begun.wait(10)
            threading.Timer(0.05, free.set).start()
            raise error

    with pytest.raises(type(error)):
        interrupted()
    assert written == ([1] if kept else [])


def test_an_error_of_what_receives_the_rows_ends_the_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("sem_models.inference.predictor.from_unit", refuse)
    from sem_models.images.micrograph import Micrograph

    image = Micrograph(np.zeros((1000, 40, 1), np.uint16))
    with pytest.raises(OSError, match="disk full"):
        Predictor(Bicubic(2), "cpu", tile=32).predict(image, lambda done, total, what: told.append(done))
    assert max(told) < 10
