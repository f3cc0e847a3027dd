"""`backup` and `restore`, `leave` and `read-back`."""

from pipelines.backup.requests import BackupRequest, LeaveRequest, ReadBackRequest, RestoreRequest
from pipelines.cli.app import Output, command


@command(BackupRequest)
def backup(request: BackupRequest, out: Output) -> None:
    """Write runs, models and, if asked for, datasets to one archive with checksums, while work goes on."""
    from pipelines.backup.backup import backup as run

    made = run(request, out.progress)
    out.text(f"{made.path}: {made.files} files, {made.size / 2**20:.1f} MiB, read back and checked.")
    if made.datasets:
        out.text(f"Not included: the datasets {', '.join(made.datasets)}. Add --with-datasets to keep them as well.")
    for name in made.changed:
        out.text(f"{name} changed while it was read, and may not be whole; back up again when nothing writes to it.")
    out.result({"path": str(made.path), "files": made.files, "bytes": made.size, "changed": list(made.changed)})


@command(RestoreRequest, "archive")
def restore(request: RestoreRequest, out: Output) -> None:
    """Unpack a backup into a new home folder and check everything in it."""
    from pipelines.backup.restore import restore as run

    made = run(request, out.progress)
    out.text(f"{made.files} files of {made.about.written} are in {made.home}; use it with SEM_HOME={made.home}")
    out.result({"home": str(made.home), "files": made.files, "written": made.about.written})


@command(LeaveRequest)
def leave(request: LeaveRequest, out: Output) -> None:
    """Write everything in open formats, for a life without the workbench."""
    from pipelines.backup.leave import leave as run

    made = run(request, out.progress)
    out.text(
        f"{made.folder}: {made.runs} runs, {made.models} versions of models, {len(made.datasets)} datasets. "
        "README.md says what is where."
    )
    out.result({"folder": str(made.folder), "runs": made.runs, "models": made.models, "datasets": list(made.datasets)})


@command(ReadBackRequest, "folder", name="read-back", stores=True)
def read_back(request: ReadBackRequest, out: Output) -> None:
    """Make a store again of what `leave` wrote."""
    from pipelines.backup.read_back import read_back as run

    made = run(request, out.progress)
    out.text(f"Added {made.runs} runs and {len(made.datasets)} datasets; {made.present} were there already.")
    out.result({"runs": made.runs, "models": made.models, "datasets": list(made.datasets), "present": made.present})
