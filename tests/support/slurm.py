"""A cluster of one node for tests: Debian's munge and SLURM, started in a temporary folder and ended with the test."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
MAX_ARRAY_SIZE = 6
_SETTINGS = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=bf_interval=1,batch_sched_delay=0,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MaxArraySize={max_array_size}
KillWait=5
ReturnToService=1
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000 State=UNKNOWN
PartitionName=low Nodes={host} Default=YES MaxTime=60 PriorityTier=1 GraceTime=60
PartitionName=high Nodes={host} MaxTime=60 PriorityTier=10 PreemptMode=OFF
"""


@dataclass
class Cluster:
    """The node, and what an administrator can do to it."""

    folder: Path
    host: str
    daemons: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, *options: str) -> None:
        """Start a daemon that stays in the foreground."""
        with (self.folder / f"{name}.out").open("ab") as log:
            self.daemons[name] = subprocess.Popen([name, *options], stdout=log, stderr=log, start_new_session=True)

    def start_controller(self) -> None:
        """Start slurmctld, which finds its jobs again, and wait until it answers."""
        self.start("slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))
        until(lambda: answers("scontrol", "ping") and "UP" in told("scontrol", "ping"))

    def kill_controller(self) -> None:
        """Kill slurmctld at once, but after it has saved what it knows, which it does every few seconds."""
        now = time.time()
        until(lambda: all((self.folder / "state" / name).stat().st_mtime > now for name in ("job_state", "node_state")))
        self.daemons["slurmctld"].kill()
        self.daemons.pop("slurmctld").wait()

    def drain(self) -> None:
        """Let no further job begin on the node."""
        told("scontrol", "update", f"nodename={self.host}", "state=drain", "reason=test")

    def release(self) -> None:
        """Let the node work again; one that signs in at a new controller may have been released by that."""
        resume = ("scontrol", "update", f"nodename={self.host}", "state=resume")
        until(lambda: answers(*resume) or "dra" not in told("sinfo", "--noheader", "--format=%T"))

    def hurry(self, job_id: str) -> None:
        """Let a job start soon that was queued again: SLURM waits two minutes before that.

        Not at once: a node refuses for good what was started in the same second in which it was ended.
        """
        until(lambda: state_of(job_id) == "PENDING")
        told("scontrol", "update", f"JobId={job_id}", "StartTime=now+2seconds")

    def clear(self) -> None:
        """Cancel all jobs and wait until they are gone."""
        told("scancel", f"--user={os.geteuid()}")
        until(lambda: not told("squeue", "--noheader"), 60)

    def end(self) -> None:
        """Cancel all jobs and end the daemons."""
        with contextlib.suppress(subprocess.CalledProcessError, AssertionError):
            self.clear()
        for daemon in reversed(self.daemons.values()):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons.values():
            daemon.wait(20)


def answers(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def told(*command: str) -> str:
    """Run a command of SLURM and return what it wrote."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def state_of(job_id: str) -> str:
    """What SLURM calls the state of a job; the states of its members for an array."""
    return told("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job_id}")


def until(condition: Callable[[], bool], seconds: float = 400) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run a cluster; the test is skipped where its programs are not installed."""
    if missing := [program for program in PROGRAMS if shutil.which(program, path=_path()) is None]:
        pytest.skip(f"SLURM is not installed here: {', '.join(missing)} (Debian: slurm-wlm, munge)")
    host = socket.gethostname().partition(".")[0]
    for name in ("state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    content = _SETTINGS.format(
        host=host, folder=folder, user=_user(), max_array_size=MAX_ARRAY_SIZE,
        controller_port=_free_port(), node_port=_free_port(),
    )  # fmt: skip
    (folder / "slurm.conf").write_text(content)
    found = Cluster(folder, host)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", _path())
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        try:
            files = [f"--{kind}-file={folder}/munge.{kind}" for kind in ("key", "pid", "log", "seed")]
            found.start("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *files)
            until((folder / "munge.socket").exists)
            found.start_controller()
            found.start("slurmd", "-D", "-f", str(folder / "slurm.conf"))
            until(lambda: "idle" in told("sinfo", "--noheader", "--format=%T"))
            yield found
        finally:
            found.end()


def _path() -> str:
    """Daemons lie where only root looks."""
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
