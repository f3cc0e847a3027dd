"""True columns stored beside the images of a simulated dataset."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.data.requests import SimulateRequest
from pipelines.data.simulate import SimulatedImage, simulate, true_columns
from sem_models.config.degradation import Degradation
from sem_models.datasets.columns import columns_of, store_columns
from sem_models.datasets.dataset import Dataset, open_dataset
from sem_models.errors import UserError
from sem_models.evaluation.restoration import make_case
from sem_models.images.io.read import read_micrograph


@pytest.fixture
def lattices(sem_home: Path) -> Dataset:
    return simulate(SimulateRequest(name="s", count=3, size_px=96)).dataset


def test_what_was_simulated_is_read_back_in_unit_intensity(lattices: Dataset) -> None:
    """Intensities in native grey levels do not depend on the limits of the dataset."""
    for entry in lattices.manifest.entries:
        stored = entry.array("image")
        columns = columns_of(lattices, entry)
        raw = read_micrograph(lattices.folder.parent / ".s-raw" / stored.source)
        drawn = true_columns(SimulatedImage.model_validate_json(raw.history[0].settings))
        assert columns is not None
        for name in ("sites", "centres", "sublattice", "occupancy"):
            np.testing.assert_array_equal(getattr(columns, name), getattr(drawn, name))
        gain = 65535 / (stored.intensity[1] - stored.intensity[0])
        np.testing.assert_allclose(columns.full, gain * drawn.full)
        assert [dent.depth for dent in columns.dents] == pytest.approx([gain * dent.depth for dent in drawn.dents])
        assert (columns.sigma_px, columns.period_px) == (drawn.sigma_px, drawn.period_px)


def test_cases_know_columns_and_a_dose_that_is_the_same_for_all(lattices: Dataset) -> None:
    entry = lattices.manifest.entries[0]
    cases = {
        dose: make_case(lattices, entry, Degradation(scale=1, dose_e_per_px=dose), 1) for dose in (8.0, (8.0, 60.0))
    }
    assert cases[8.0].dose_e_per_px == 8
    assert cases[(8.0, 60.0)].dose_e_per_px is None
    assert cases[8.0].columns is not None
    assert make_case(lattices, entry, Degradation(scale=2, dose_e_per_px=8.0), 2).dose_e_per_px is None


def test_a_dataset_without_columns_is_read_and_gets_them_by_simulating_again(lattices: Dataset) -> None:
    entry = lattices.manifest.entries[0]
    files = sorted(lattices.folder.glob("*.columns.npz"))
    assert len(files) == 3
    for file in files:
        file.unlink()
    old = open_dataset(lattices.folder)
    assert columns_of(old, entry) is None
    assert make_case(old, entry, Degradation(scale=1, dose_e_per_px=8.0), 1).columns is None
    again = simulate(SimulateRequest(name="s", count=3, size_px=96)).dataset
    assert again.digest == lattices.digest
    assert sorted(again.folder.glob("*.columns.npz")) == files


def test_damaged_columns_are_one_line(lattices: Dataset) -> None:
    entry = lattices.manifest.entries[0]
    file = sorted(lattices.folder.glob("*.columns.npz"))[0]
    columns, whole = columns_of(lattices, entry), file.read_bytes()
    assert columns is not None
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="true columns cannot be read"):
        columns_of(lattices, entry)
    file.write_bytes(whole)
    store_columns(lattices, entry, replace(columns, centres=columns.centres[:-1]))
    with pytest.raises(UserError, match="cannot be read"):
        columns_of(lattices, entry)
