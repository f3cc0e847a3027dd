"""How long a training uses its devices: added up in the run, over all its resumes."""

import contextlib
import time
from collections.abc import Iterator

from pipelines.tracking.keys import Tag
from pipelines.tracking.runs import get_run, set_tags


@contextlib.contextmanager
def metered(run_id: str, devices: int) -> Iterator[None]:
    """Count the time of the block, times the devices; what a killed process used is not counted."""
    before = float(get_run(run_id).tags.get(Tag.DEVICE_SECONDS, "0"))
    began = time.monotonic()
    set_tags(run_id, {Tag.DEVICE_SINCE: f"{time.time():.0f}"})
    try:
        yield
    finally:
        used = before + (time.monotonic() - began) * devices
        # Where the store cannot take it (full disk, server away), the training must still end as it would.
        with contextlib.suppress(Exception):
            set_tags(run_id, {Tag.DEVICE_SECONDS: f"{used:.1f}"})
