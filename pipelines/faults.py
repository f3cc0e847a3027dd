"""Faults of the program: the trace goes into a file, and the user reads where it is."""

import traceback
from pathlib import Path
from tempfile import NamedTemporaryFile

from pipelines.tracking.address import without_secrets


def keep_trace(error: BaseException, doing: str) -> Path:
    """Write the trace to a new file that only this user can read; users of one machine share its temporary folder.

    Args:
        error: What was raised.
        doing: What the program was asked to do; the first line of the file.
    """
    trace = "".join(traceback.format_exception(error))
    with NamedTemporaryFile("w", encoding="utf-8", prefix="sem-workbench-fault-", suffix=".txt", delete=False) as file:
        file.write(without_secrets(f"{doing}\n{trace}"))
    return Path(file.name)
