"""`register`, `promote`, `import`, `export` and `serve`."""

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Final

from pipelines.cli.app import Output, command
from pipelines.model_ref import RegistryRef
from pipelines.release.requests import ExportRequest, ImportRequest, PromoteRequest, RegisterRequest, ServeRequest

_NONE: Final[Mapping[str, object]] = MappingProxyType({})


@command(RegisterRequest, "run", stores=True)
def register(request: RegisterRequest, out: Output) -> None:
    """Make the best checkpoint of a run a registered model."""
    from pipelines.release.register import register as run
    from pipelines.tracking.registry import alias_target

    alias = request.alias or None
    before = alias_target(request.name, alias) if alias else None
    _report(request.name, run(request), alias, before, out)


@command(PromoteRequest, "model", stores=True)
def promote(request: PromoteRequest, out: Output) -> None:
    """Point an alias to a version of a registered model, and keep a record of it."""
    from pipelines.release.promote import promote as run

    done = run(request)
    earlier = f", and no longer to version {done.before}" if done.before else ""
    out.text(f"The alias {done.alias} points to version {done.version}{earlier}.")
    out.result({"alias": done.alias, "version": done.version, "alias_before": done.before, "who": done.who})


@command(ImportRequest, "file", name="import", stores=True)
def import_model(request: ImportRequest, out: Output) -> None:
    """Register a model that was trained elsewhere, without running code from its file."""
    from pipelines.release.import_model import import_model as run
    from pipelines.tracking.registry import alias_target

    alias = request.alias or None
    before = alias_target(request.name, alias) if alias else None
    imported = run(request)
    out.text(f"{imported.summary} Run {imported.run_id}.")
    facts = {name: value for name, value in asdict(imported).items() if name != "version"}
    _report(request.name, imported.version, alias, before, out, facts)


def _report(
    name: str, version: str, alias: str | None, before: str | None, out: Output, facts: Mapping[str, object] = _NONE
) -> None:
    """Say under which names a version is registered, and which one had its alias before."""
    out.text(str(RegistryRef(name, version=version)))
    if alias:
        earlier = f", and no longer to version {before}" if before else ""
        out.text(f"The alias {alias} points to it{earlier}: {RegistryRef(name, alias)}")
    model = RegistryRef(name, alias) if alias else RegistryRef(name, version=version)
    named = {"name": name, "version": version, "alias": alias, "model": str(model), "alias_before": before}
    out.result({**named, **facts})


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
