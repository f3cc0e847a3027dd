"""Monitoring of the files of a dataset during a training, which has its images in memory and would not miss them."""

from sem_models.datasets.dataset import Dataset
from sem_models.datasets.watch import DatasetChange, DatasetWatch
from sem_models.reporter import Reporter

TOPIC = "dataset-files"


class FileMonitor:
    """Warns once of each change of the files of a dataset."""

    def __init__(self, dataset: Dataset, reporter: Reporter) -> None:
        """Look at the files before they are loaded."""
        self._name, self._reporter = dataset.folder.name, reporter
        self._watch = DatasetWatch(dataset)
        self._reported: DatasetChange | None = None

    def look(self, step: int) -> None:
        """Compare the files with those at the beginning; takes a few microseconds for each."""
        change = self._watch.change()
        if change and change != self._reported:
            self._reported = change
            self._reporter.warning(
                step,
                TOPIC,
                f"The files of dataset {self._name!r} have changed since this training began: {change}. "
                "It goes on with the images in memory. To resume or score the run, put the files back as they were.",
            )
