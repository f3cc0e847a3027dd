"""The processes that train a run together with this one, one for each device, started here or by torchrun."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from unittest import mock

from pipelines.home import home
from sem_models.errors import FieldRef, UserError

_READY = "ready\n"
_END_S = 60.0
"""How long processes may take to end after the training has."""
_LONGEST_WAIT = timedelta(days=30)
"""How long a process of torchrun waits for its run, which may have to wait for a free slot."""
_RUN = "sem-workbench-run"


@contextlib.contextmanager
def companions(run_id: str, devices: int, *, resume: bool) -> Iterator[None]:
    """Inside the block, `devices` processes are ready to train the run, of which this is the first.

    Raises:
        UserError: One of them could not start, or torchrun has started another number.
    """
    if is_torchrun():
        _require_same(devices)
        _store().set(_RUN, f"{run_id} {int(resume)}")
        yield
    elif devices == 1:
        yield
    else:
        with _environment(devices), contextlib.ExitStack() as started:
            for index in range(1, devices):
                started.enter_context(_companion(run_id, index, resume=resume))
            try:
                yield
            finally:
                _leave()


def is_torchrun() -> bool:
    """Return whether torchrun has started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def torchrun_devices() -> int:
    """Return how many processes torchrun has started."""
    return int(os.environ["WORLD_SIZE"])


def is_companion() -> bool:
    """Return whether torchrun has started this process as another than the first."""
    return is_torchrun() and int(os.environ["RANK"]) > 0


def run_of_torchrun() -> tuple[str, bool]:
    """Wait for the first process of torchrun; returns the id of its run and whether it is resumed."""
    run_id, resumed = _store().get(_RUN).decode().split()
    return run_id, resumed == "1"


def say_ready() -> None:
    """Tell the process that started this one that it is ready to train."""
    sys.stdout.write(_READY)
    sys.stdout.flush()


def _leave() -> None:
    from sem_models.training.devices import leave

    leave()


def _require_same(devices: int) -> None:
    if torchrun_devices() != devices:
        raise UserError(
            f"torchrun has started {torchrun_devices()} processes for {devices} devices; leave out ",
            FieldRef("devices"),
            ".",
        )


def _store() -> Any:
    """Return the store of torchrun's agent, in which its processes find each other."""
    from torch import distributed

    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        raise UserError(
            "Start torchrun as standalone or with the rendezvous backend c10d, so that its processes share a store."
        )
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return distributed.TCPStore(address, port, is_master=False, timeout=_LONGEST_WAIT)  # type: ignore[attr-defined]


@contextlib.contextmanager
def _environment(devices: int) -> Iterator[None]:
    """Describe this process as the first of several; afterwards, the environment is as before."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": "0"}
    ranks = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": str(devices), "LOCAL_WORLD_SIZE": str(devices)}
    with mock.patch.dict(os.environ, place | ranks):
        yield


@contextlib.contextmanager
def _companion(run_id: str, index: int, *, resume: bool) -> Iterator[None]:
    log = home().work / run_id / f"process-{index}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    call = [sys.executable, "-m", "pipelines.train.companion", run_id, "resume" if resume else "new"]
    environment = {**os.environ, "RANK": str(index), "LOCAL_RANK": str(index)}
    with log.open("w") as errors, _process(call, environment, errors) as process:
        assert process.stdout is not None  # noqa: S101
        if process.stdout.readline() != _READY:
            raise UserError(f"Process {index} of the training could not start: {_last_line(log)} See {log}.")
        yield


@contextlib.contextmanager
def _process(call: list[str], environment: Mapping[str, str], errors: IO[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603
    try:
        yield process
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
    finally:
        process.kill()
        process.wait()


def _last_line(log: Path) -> str:
    return (log.read_text().splitlines() or ["it said nothing."])[-1]
