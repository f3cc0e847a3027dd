"""Requests about a whole store: back it up, restore it, take it elsewhere."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from pipelines.request import Request


class BackupRequest(Request):
    """Write the whole store to one archive, while work goes on."""

    use_case: ClassVar[str] = "backup"

    out: Path = Field(description="Archive to write, a .tar file.")
    with_datasets: bool = Field(False, description="Include datasets, uploads and results, which are usually large.")


class RestoreRequest(Request):
    """Unpack a backup into a new home folder."""

    use_case: ClassVar[str] = "restore"

    archive: Path = Field(description="Archive of a backup.")
    to: Path = Field(description="New home folder, which must not exist or be empty.")


class LeaveRequest(Request):
    """Write everything in open formats, for a life without the workbench."""

    use_case: ClassVar[str] = "leave"

    out: Path = Field(description="New folder for runs, models and datasets as TIFF, safetensors, CSV, JSON and PNG.")


class ReadBackRequest(Request):
    """Make a store again of what `leave` wrote."""

    use_case: ClassVar[str] = "read-back"

    folder: Path = Field(description="Folder of open formats, whose content is added to the store in SEM_HOME.")
