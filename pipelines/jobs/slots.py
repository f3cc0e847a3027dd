"""One training per GPU (or one on a CPU-only machine), held by an operating-system lock that even kill -9 frees."""

import os
from functools import cache

from filelock import FileLock, Timeout

from pipelines.home import home


@cache
def slot_names() -> tuple[str, ...]:
    """List `gpu0`, `gpu1`, ... or `cpu`, found without importing torch.

    `SEM_CPU_SLOTS` lets several trainings share a machine without a GPU; give each its share of threads then.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        chosen = [part.strip() for part in visible.split(",") if part.strip() and part.strip() != "-1"]
        return tuple(f"gpu{part}" for part in chosen) or _cpu_slots()
    return tuple(f"gpu{index}" for index in range(_gpu_count())) or _cpu_slots()


def _cpu_slots() -> tuple[str, ...]:
    count = os.environ.get("SEM_CPU_SLOTS", "1")
    return tuple(f"cpu{index}" for index in range(int(count))) if count.isdigit() and int(count) > 1 else ("cpu",)


def _gpu_count() -> int:
    try:
        import pynvml

        pynvml.nvmlInit()
        return int(pynvml.nvmlDeviceGetCount())
    except Exception:
        # No driver, no library, no permission: treated as a machine without a GPU.
        return 0


class Slot:
    """A slot that is held until it is released or the process ends."""

    def __init__(self, name: str, lock: FileLock) -> None:
        """Hold a locked slot; only `try_slot` makes one."""
        self.name = name
        self._lock = lock

    def release(self) -> None:
        """Let the next job in."""
        self._lock.release()


def try_slot() -> Slot | None:
    """Take a free slot and hold it; None where all are taken."""
    home().jobs.mkdir(parents=True, exist_ok=True)
    for name in slot_names():
        lock = FileLock(home().jobs / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        return Slot(name, lock)
    return None


def use_slot(slot: Slot) -> None:
    """Let torch see the GPU of the slot only; call before torch has used any, which importing it does not."""
    if slot.name.startswith("gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = slot.name.removeprefix("gpu")
