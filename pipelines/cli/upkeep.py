"""`clean`, `store copy` and `worker`: what whoever runs an installation does."""

import time

import typer

from pipelines.cli.app import Output, app, command
from pipelines.upkeep.requests import CleanRequest, CopyStoreRequest

_DAY_S = 86400.0
store_app = typer.Typer(no_args_is_help=True, help="The tracking store as a whole.")
app.add_typer(store_app, name="store")


@store_app.callback()
def _store() -> None:
    """Keep `copy` a word of its own, although it is the only one."""


@command(CopyStoreRequest, "target", name="copy", to=store_app, stores=True)
def copy(request: CopyStoreRequest, out: Output) -> None:
    """Copy the tracking store into another database, for example from SQLite to PostgreSQL; it stays as it is."""
    from pipelines.upkeep.copy_store import copy_store, next_steps

    copied = copy_store(request)
    out.text(
        f"Copied {copied.runs} runs, {copied.metrics} values of metrics and {copied.models} registered models "
        f"({copied.rows} rows in all); the number of rows of every table is the same."
    )
    for address in copied.elsewhere:
        out.text(f"Not below the home folder, and left as it is: {address}")
    out.text(next_steps(request))
    out.result({"runs": copied.runs, "metrics": copied.metrics, "models": copied.models, "rows": copied.rows})


@command(CleanRequest)
def clean(request: CleanRequest, out: Output) -> None:
    """Remove old working folders, logs, tasks, uploads, exports and caches that nothing needs; --dry-run lists them."""
    from pipelines.upkeep.clean import clean as run

    cleaned = run(request)
    for one in cleaned.removed:
        days = (time.time() - one.touched) / _DAY_S
        out.text(f"{one.kind:6s} {one.size_bytes / 1e6:12.1f} MB {days:6.1f} days  {one.path}")
    said = "would be removed" if request.dry_run else "removed"
    out.text(f"{len(cleaned.removed)} {said}, {cleaned.freed_bytes / 1e6:.1f} MB; {len(cleaned.kept)} are too young.")
    paths = [str(one.path) for one in cleaned.removed]
    out.result({"removed": paths, "bytes": cleaned.freed_bytes, "dry_run": request.dry_run, "kept": len(cleaned.kept)})


@command(stores=True)
def worker(out: Output) -> None:
    """Start trainings and tasks for the dashboard, which then may be restarted without them; Ctrl-C ends it."""
    from pipelines.jobs.worker_service import serve

    serve(lambda: out.text("The worker is ready."))
