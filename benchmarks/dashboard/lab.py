"""A lab of many people for measurements: its store, its sign-in provider, and the servers that answer them."""

import json
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks.dashboard.store import DATASET, make_store
from benchmarks.speed.harness import ROOT
from pipelines.people.dataset_owner import own_dataset
from pipelines.people.person import Person
from pipelines.tracking.artifacts import put_text
from pipelines.tracking.keys import Artifact, Tag
from pipelines.tracking.run_facts import flat_parameters
from pipelines.tracking.runs import create_run, set_run_shared, set_status
from pipelines.upkeep.copy_store import copy_store
from pipelines.upkeep.requests import CopyStoreRequest
from sem_models.config.presets.table import find_recipe
from sem_models.images.io.write import write_micrograph
from sem_models.physics.simulators.phantoms.table import make_phantom
from tests.support.postgres import free_port, running_postgres
from tests.support.provider import auth_section, provider

MODEL = "starter:denoise"
SIZE_PX = 512
"""Edge of the micrograph that each member uploads."""
_LAB = '[roles]\nmicroscopists = "member"\n'
_READY_WITHIN_S = 300


@dataclass(frozen=True)
class Member:
    """Somebody of the lab, with something of their own that nobody else may see."""

    name: str
    person: Person
    run_id: str
    image: Path
    mark: str
    """Stands in the names of run and dataset, and nowhere else."""
    file_mark: str
    """Stands in the name of the micrograph."""


@dataclass(frozen=True)
class Lab:
    """What is running, and who comes."""

    dashboard: str
    serving: str
    """Address of the scoring server."""
    members: Sequence[Member]
    live: Sequence[str]
    """Runs whose curves grow, and which everybody may see."""
    processes: Mapping[str, psutil.Process]
    log: Path
    """What the dashboard has written."""


@contextmanager
def running_lab(home: Path, people: int, runs: int, points: int, live: int) -> Iterator[Lab]:
    """Start PostgreSQL, provider, dashboard, scoring server and the writer of live runs; end them all.

    The first `people` of the lab sign in; the store has `runs` shared runs besides one of each member.
    """
    home.mkdir(parents=True, exist_ok=True)
    make_store(home, runs, points)
    names = [f"member{number:02}" for number in range(people)]
    with ExitStack() as opened:
        database = opened.enter_context(running_postgres()).create("mlflow")
        copy_store(CopyStoreRequest(target=database))
        opened.callback(_put_back, "MLFLOW_TRACKING_URI", os.environ.get("MLFLOW_TRACKING_URI"))
        os.environ["MLFLOW_TRACKING_URI"] = database
        users = {name: {"name": name.capitalize(), "groups": ["microscopists"]} for name in names}
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        issuer = opened.enter_context(provider(users))
        members = [_member(home, name, issuer) for name in names]
        (home / "lab.toml").write_text(_LAB)
        running = _live_runs(live)
        servers = _Servers(home, opened)
        serving = servers.scoring()
        dashboard = servers.dashboard(issuer)
        servers.writer(running)
        yield Lab(dashboard, serving, members, running, servers.processes, home / "dashboard.log")


class _Servers:
    """Starts servers that end with the lab."""

    def __init__(self, home: Path, opened: ExitStack) -> None:
        self._home, self._opened = home, opened
        self.processes: dict[str, psutil.Process] = {}

    def dashboard(self, issuer: str) -> str:
        port = free_port()
        address = f"http://localhost:{port}"
        section = auth_section(issuer, address)
        secret_file = self._home / "secrets.toml"
        secret_file.write_text("[auth]\n" + "\n".join(f"{key} = {json.dumps(text)}" for key, text in section.items()))
        options = ["--server.port", str(port), "--server.headless", "true", "--secrets.files", str(secret_file)]
        self._start("dashboard", ["streamlit", "run", str(ROOT / "app.py"), *options])
        _wait(f"{address}/_stcore/health")
        return address

    def scoring(self) -> str:
        port = free_port()
        self._start("serve", ["pipelines", "serve", MODEL, "--port", str(port)])
        address = f"http://127.0.0.1:{port}"
        _wait(f"{address}/ping")
        # The command waits for the program that answers.
        self.processes["serve"] = self.processes["serve"].children()[0]
        return address

    def writer(self, run_ids: Sequence[str]) -> None:
        self._start("live runs", ["benchmarks.dashboard.live_runs", *run_ids])

    def _start(self, name: str, module: list[str]) -> None:
        log = self._opened.enter_context((self._home / f"{name.replace(' ', '-')}.log").open("wb"))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEM_OFFLINE": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        self._opened.callback(_end, process)
        self.processes[name] = psutil.Process(process.pid)


def _member(home: Path, name: str, issuer: str) -> Member:
    """Give somebody a run, a dataset and a micrograph of their own, which carry a mark."""
    person = Person(f"{name}@{issuer.partition('://')[2]}", name.capitalize(), "member")
    mark, file_mark = (f"mark{secrets.token_hex(6)}" for _ in range(2))
    recipe = find_recipe("nafnet-denoise-small")
    tags = {Tag.TASK: recipe.task, Tag.RECIPE: recipe.name}
    run_id = create_run("sem", f"run {mark}", "training", flat_parameters(recipe), tags, by=person)
    put_text(run_id, Artifact.RECIPE, recipe.model_dump_json())
    set_status(run_id, "KILLED")  # so that no page offers its weights, which it does not have
    shutil.copytree(home / "datasets" / DATASET, home / "datasets" / mark)
    own_dataset(mark, person)
    folder = home / "uploads" / person.folder / "mine"
    folder.mkdir(parents=True)
    seed = int(mark[-6:], 16)
    made = make_phantom("fibres", (SIZE_PX, SIZE_PX), seed=seed)
    write_micrograph(folder / f"{file_mark}.tif", made.micrograph)
    return Member(name, person, run_id, folder / f"{file_mark}.tif", mark, file_mark)


def _live_runs(count: int) -> list[str]:
    run_ids = [create_run("sem", f"live {number}", "training", {"train.steps": 10**6}, {}) for number in range(count)]
    for run_id in run_ids:
        set_run_shared(run_id, shared=True)
    return run_ids


def _wait(address: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  (http on the loopback)
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{address} does not answer")


def _end(process: "subprocess.Popen[bytes]") -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _put_back(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def grey_image(seed: int, size_px: int) -> "np.ndarray[tuple[int, int], np.dtype[np.uint16]]":
    """Return an image that no other seed gives, (H, W) uint16."""
    return (np.random.default_rng(seed).random((size_px, size_px)) * 60000).astype(np.uint16)
