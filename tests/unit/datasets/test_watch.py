"""Files of a dataset that change during a training are noticed, and said once."""

import os
import shutil
from pathlib import Path

from sem_models.config.recipe import Recipe
from sem_models.datasets.dataset import Dataset
from sem_models.datasets.watch import DatasetWatch
from sem_models.training.file_monitor import TOPIC, FileMonitor
from sem_models.training.trainer import train
from tests.support.recorder import Recorder


def test_an_untouched_dataset_has_not_changed(small_dataset: Dataset) -> None:
    watch = DatasetWatch(small_dataset)
    for path in small_dataset.folder.iterdir():
        path.read_bytes()
    assert watch.change() is None


def test_deleted_zeroed_and_replaced_files_are_named(small_dataset: Dataset) -> None:
    folder, watch = small_dataset.folder, DatasetWatch(small_dataset)
    first, second, *_ = sorted(path.name for path in folder.glob("*.npy"))
    (folder / first).write_bytes(b"\0" * (folder / first).stat().st_size)
    os.utime(folder / first, ns=(1, 1))
    change = watch.change()
    assert change is not None
    assert (change.written, change.missing) == ((first,), ())
    assert str(change) == f"1 of 7 files was written to ({first})"
    (folder / second).unlink()
    assert str(watch.change()) == f"1 of 7 files is missing ({second}), 1 of 7 files was written to ({first})"
    shutil.rmtree(folder)
    assert str(watch.change()) == "all of its files are missing"


def test_a_manifest_of_another_size_is_another_dataset(small_dataset: Dataset) -> None:
    watch = DatasetWatch(small_dataset)
    path = small_dataset.folder / "manifest.json"
    path.write_text(path.read_text() + " ")
    assert str(watch.change()) == "1 of 7 files was written to (manifest.json)"


def test_each_change_is_said_once(small_dataset: Dataset) -> None:
    recorder = Recorder()
    monitor = FileMonitor(small_dataset, recorder)
    monitor.look(1)
    assert recorder.warnings == []
    shutil.rmtree(small_dataset.folder)
    monitor.look(2)
    monitor.look(3)
    assert [(step, topic) for step, topic, _ in recorder.warnings] == [(2, TOPIC)]
    assert "put the files back" in recorder.warnings[0][2]


def test_a_training_whose_dataset_is_deleted_ends_well_and_says_so(
    small_dataset: Dataset, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    class Deleting(Recorder):
        def metrics(self, step, values) -> None:
            super().metrics(step, values)
            if step == 2:
                shutil.rmtree(small_dataset.folder)

    recorder = Deleting()
    result = train(tiny_recipe, small_dataset, tmp_path / "work", recorder)
    assert (result.step, result.reason) == (12, "finished")
    ((step, topic, text),) = recorder.warnings
    assert (step, topic) == (4, TOPIC), "at the first validation after it"
    assert "'small'" in text
    assert "all of its files are missing" in text
