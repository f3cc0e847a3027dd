"""Slots of several GPUs, as if the machine had three."""

import os
from pathlib import Path

import pytest

from pipelines.jobs import slots
from pipelines.jobs.slots import try_slot, use_slot
from sem_models.errors import UserError


def test_a_training_holds_all_its_gpus_or_none(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "slot_names", lambda: ("gpu0", "gpu1", "gpu2"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    pair = try_slot(2)
    assert pair is not None
    use_slot(pair)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert try_slot(2) is None
    single = try_slot()
    assert single is not None and single.name == "gpu2", "the one that did not suffice is free again"
    pair.release()
    assert try_slot(2) is not None
    with pytest.raises(UserError, match="There are 3 GPUs here, not 4"):
        try_slot(4)


def test_processes_on_a_cpu_share_its_slot(sem_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "slot_names", lambda: ("cpu",))
    shared = try_slot(4)
    assert shared is not None and shared.name == "cpu"
