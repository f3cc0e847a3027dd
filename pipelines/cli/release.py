"""`register`, `export` and `serve`."""

from pipelines.cli.app import Output, command
from pipelines.release.requests import ExportRequest, RegisterRequest, ServeRequest


@command(RegisterRequest, "run")
def register(request: RegisterRequest, out: Output) -> None:
    """Make the best checkpoint of a run a registered model."""
    from pipelines.release.register import register as run

    version = run(request)
    name, alias = request.name, request.alias
    out.text(f"models:/{name}/{version}, also models:/{name}@{alias}")
    out.result({"name": name, "version": version, "alias": alias, "model": f"models:/{name}@{alias}"})


@command(ExportRequest, "model")
def export(request: ExportRequest, out: Output) -> None:
    """Write a model for other programs, and check that it gives the same numbers there."""
    from pipelines.release.export import export as run

    path = run(request)
    size = sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size
    out.text(f"{path} ({size / 2**20:.1f} MiB)")
    out.result({"path": str(path), "format": request.format})


@command(ServeRequest, "model")
def serve(request: ServeRequest, out: Output) -> int:  # noqa: ARG001 - the server speaks for itself
    """Answer requests over HTTP until interrupted."""
    from pipelines.release.serve import serve as run

    return run(request)
