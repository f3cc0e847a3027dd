"""`backup` and `restore`."""

from pipelines.backup.requests import BackupRequest, RestoreRequest
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
        out.text(f"{name} became shorter while it was read; back up again when the work on it has ended.")
    out.result({"path": str(made.path), "files": made.files, "bytes": made.size, "changed": list(made.changed)})


@command(RestoreRequest, "archive")
def restore(request: RestoreRequest, out: Output) -> None:
    """Unpack a backup into a new home folder and check everything in it."""
    from pipelines.backup.restore import restore as run

    made = run(request, out.progress)
    out.text(f"{made.files} files of {made.about.written} are in {made.home}; use it with SEM_HOME={made.home}")
    out.result({"home": str(made.home), "files": made.files, "written": made.about.written})
