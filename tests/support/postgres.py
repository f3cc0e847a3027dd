"""A PostgreSQL server of our own: on the loopback, below a new folder, run by a user without rights."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

PASSWORD = "s3cret@/word"  # noqa: S105
_ESCAPED = "s3cret%40%2Fword"
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_USER = "postgres" if os.geteuid() == 0 else None
"""PostgreSQL refuses to be run by root."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Postgres:
    """A server that is running."""

    folder: Path
    port: int

    def address(self, database: str) -> str:
        return f"postgresql+psycopg://lab:{_ESCAPED}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, like: str = "template1") -> str:
        """Create a database; returns its address."""
        self._as_owner("psql", "-q", "-c", f'CREATE DATABASE "{database}" TEMPLATE "{like}"', "postgres")
        return self.address(database)

    def drop(self, database: str) -> None:
        self._as_owner("psql", "-q", "-c", f'DROP DATABASE "{database}" WITH (FORCE)', "postgres")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self.control("-o", options, "start")

    def kill(self) -> None:
        """Kill it as `kill -9` does, and wait until its processes have noticed and nothing answers any more."""
        number = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        children = psutil.Process(number).children(recursive=True)
        os.kill(number, signal.SIGKILL)
        psutil.wait_procs(children, timeout=60)

    def control(self, *arguments: str) -> None:
        """Call `pg_ctl`."""
        log = ["-l", str(self.folder / "log.txt")]
        _call("pg_ctl", "-D", str(self.folder / "data"), "-w", "-t", "120", *log, *arguments)

    def _as_owner(self, *command: str) -> None:
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "lab", "PGPASSWORD": PASSWORD}
        _call(*command, **where)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server beside the block; the test is skipped where PostgreSQL or its Python package is missing."""
    if not _FOLDERS or not shutil.which("psql"):
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    pytest.importorskip("psycopg")
    # Not below the folder of pytest, which other users may not enter.
    folder = Path(tempfile.mkdtemp(prefix="sem-postgres-"))
    server = Postgres(folder, free_port())
    try:
        (folder / "password").write_text(PASSWORD)
        if _USER:
            for path in (folder, folder / "password"):
                shutil.chown(path, _USER)
        data = str(folder / "data")
        _call("initdb", "-D", data, "-U", "lab", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync")
        server.start()
        yield server
    finally:
        server.control("-m", "immediate", "stop")
        shutil.rmtree(folder)


def _call(program: str, *arguments: str, **environment: str) -> None:
    found = _FOLDERS[-1] / program
    command = [str(found if found.is_file() else program), *arguments]
    # Into a file, not a pipe: the server would inherit the pipe, and whoever reads it would wait for ever.
    with tempfile.TemporaryFile() as output:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, user=_USER, cwd="/", check=False,
            env={**os.environ, **environment}, timeout=240,
        )  # fmt: skip
        output.seek(0)
        assert ended.returncode == 0, output.read().decode()
