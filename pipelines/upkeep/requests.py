"""What can be asked of an installation as a whole; only from the command line, by whoever runs it."""

from typing import ClassVar, Literal

from pydantic import Field

from pipelines.request import Request


class CopyStoreRequest(Request):
    """Copy the tracking store into another database."""

    use_case: ClassVar[str] = "store-copy"

    target: str = Field(
        min_length=1,
        description="Address of an empty database, such as postgresql+psycopg://USER@HOST/NAME (without a password, "
        "PGPASSWORD and ~/.pgpass are used); or `desk`: the SQLite file below SEM_HOME.",
    )
    files: Literal["home", "server"] = Field(
        "home",
        description="Who will give out the files of runs, which stay where they are: whoever sees the folder SEM_HOME "
        "(home), or also a tracking server in front of the database (server).",
    )


class CleanRequest(Request):
    """Remove what is no longer needed."""

    use_case: ClassVar[str] = "clean"

    older_than_days: float = Field(30, ge=1, description="Remove what nobody has touched for so many days.")
    most_gb: float | None = Field(
        None,
        ge=0,
        description="If what could be removed takes more than so many GB (1e9 bytes) all together, remove the longest "
        "untouched of it as well, down to one day.",
    )
    dry_run: bool = Field(False, description="List what would be removed, and remove nothing.")
