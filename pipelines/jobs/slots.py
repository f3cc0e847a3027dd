"""One training per GPU (or one on a CPU-only machine), held by operating-system locks that even kill -9 frees."""

import os
from functools import cache

from filelock import FileLock, Timeout

from pipelines.home import home
from sem_models.errors import FieldRef, UserError


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

    def __init__(self, locks: dict[str, FileLock]) -> None:
        """Hold locks of one or several GPUs; only `try_slot` makes one."""
        self.name = ",".join(locks)
        self.locks = locks

    def release(self) -> None:
        """Let the next job in."""
        for lock in self.locks.values():
            lock.release()


def try_slot(devices: int = 1) -> Slot | None:
    """Take a free slot of as many GPUs and hold it; None where too few are free. Processes on a CPU share one.

    Raises:
        UserError: The machine has fewer GPUs.
    """
    home().jobs.mkdir(parents=True, exist_ok=True)
    names = slot_names()
    wanted = devices if names[0].startswith("gpu") else 1
    if wanted > len(names):
        raise UserError(f"There are {len(names)} GPUs here, not {wanted}; set fewer ", FieldRef("devices"), ".")
    slot = Slot({})
    for name in names:
        lock = FileLock(home().jobs / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        slot = Slot({**slot.locks, name: lock})
        if len(slot.locks) == wanted:
            return slot
    slot.release()
    return None


def use_slot(slot: Slot) -> None:
    """Let torch see the GPUs of the slot only; call before torch has used any, which importing it does not."""
    if slot.name.startswith("gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = slot.name.replace("gpu", "")
