"""`recipes`, `prepare`, `simulate` and `noise`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipelines.cli.app import Output, command
from pipelines.counts import counted
from pipelines.data.requests import NoiseRequest, PrepareRequest, SimulateRequest
from sem_models.errors import Message

if TYPE_CHECKING:
    from sem_models.datasets.dataset import Dataset
    from sem_models.datasets.preparation.plan import Plan


@command()
def recipes(out: Output) -> None:
    """List the recipes that can be trained, and the starter models, which need no training."""
    from sem_models.config.networks.table import capabilities
    from sem_models.config.presets.table import RECIPES
    from sem_models.methods.table import stages
    from sem_models.networks.table import parameter_count
    from sem_models.starters.shelf import STARTER, STARTERS, read_card

    rows = []
    for recipe in RECIPES.values():
        facts = capabilities(recipe.network)
        rows.append(
            {
                "name": recipe.name,
                "task": recipe.task,
                "network": recipe.network.kind,
                "method": recipe.method,
                "scale": facts.scale,
                "channels_in": facts.channels_in,
                "channels_out": facts.channels_out,
                "parameters": parameter_count(recipe.network),
                "stages": [stage.name for stage in stages(recipe)],
            }
        )
        out.text(f"{recipe.name:20s} {rows[-1]['parameters']:>11,} parameters  {recipe.summary}")
    cards = {f"{STARTER}{name}": read_card(name) for name in STARTERS}
    for name, card in cards.items():
        out.text(f"{name:20s} {'trained':>11} model       {card.summary}")
    out.result({"recipes": rows, "starters": [{"name": name, "summary": card.summary} for name, card in cards.items()]})


@command(PrepareRequest, "raw", stores=True)
def prepare(request: PrepareRequest, out: Output) -> None:
    """Turn raw micrographs into a dataset: cut data bars, keep groups together, hash every file."""
    from pipelines.data.prepare import prepare as run

    facts: dict[str, object] = {}

    def show(plan: "Plan") -> None:
        _show(plan, out)
        facts["notes"] = [str(note) for note in plan.notes]
        facts["duplicates"] = [
            {"images": found.sources, "group": found.group, "copies": found.are_copies}
            for found in plan.duplicates.sets
        ]

    dataset, run_id = run(request, out.progress, show)
    counts = _write_summary(dataset, out)
    skipped = [item.model_dump() for item in dataset.manifest.skipped]
    shifts = {entry.name: entry.shift_px for entry in dataset.manifest.entries if entry.shift_px}
    result = {"name": request.name, "digest": dataset.digest, "folder": str(dataset.folder), "run_id": run_id}
    residuals = {entry.name: entry.residual.model_dump() for entry in dataset.manifest.entries if entry.residual}
    out.result({**result, "images": counts, "skipped": skipped, "shifts_px": shifts, "residuals": residuals, **facts})


def _show(plan: "Plan", out: Output) -> None:
    from pipelines.data.pair_table import pair_lines
    from sem_models.datasets.preparation.plan import class_lines
    from sem_models.datasets.preparation.resampling import becomes

    out.text(f"{'image':44s} {'role':7s} {'group':14s} {'split':6s} {'size px':>11s} {'nm/px':>9s}  data bar")
    for image, later in zip(plan.images, becomes(plan.images, plan.options.resample_nm), strict=True):
        size = f"{image.shape[1]} x {image.shape[0]}"
        pixel = f"{image.pixel_size_nm:.4g}" if image.pixel_size_nm else "-"
        bar = f"{image.databar.rows} rows ({image.databar.found_by})" if image.databar.rows else "-"
        out.text(
            f"{image.source:44s} {image.role:7s} {image.group:14s} {image.split:6s} {size:>11s} {pixel:>9s}  {bar}"
            f"{later}"
        )
        for part in image.parts:
            out.text(f"  + {part.source}, {counted(part.shape[2], 'channel')} of {image.shape[2]}")
    for line in (*pair_lines(plan.pairs), *class_lines(plan)):
        out.text(line)
    for note in plan.notes:
        out.text(Message("Note: ", note))
    for skipped in plan.skipped:
        out.text(Message("Left out: ", skipped.reason))


def _write_summary(dataset: "Dataset", out: Output) -> dict[str, int]:
    """Write one line about the dataset; return the number of images of each split."""
    counts = {split: len(dataset.entries(split)) for split in ("train", "val", "test")}
    out.text(
        f"Dataset {dataset.manifest.name}: {counts['train']} train, {counts['val']} val, {counts['test']} test; "
        f"{dataset.digest[:12]}"
    )
    return counts


@command(SimulateRequest, stores=True)
def simulate(request: SimulateRequest, out: Output) -> None:
    """Simulate clean atomic lattices as a dataset; training adds the noise (--set degradation.dose_e_per_px=...)."""
    from pipelines.data.simulate import simulate as run

    done = run(request, out.progress)
    shortest, longest = done.settings.period_px
    out.text(
        f"{request.count:,} lattices of {request.size_px} x {request.size_px} px, period {shortest:.4g} to "
        f"{longest:.4g} px, {done.dents:,} dents"
    )
    out.text(f"Images and their settings: {done.raw}")
    counts = _write_summary(done.dataset, out)
    result = {"digest": done.dataset.digest, "folder": str(done.dataset.folder), "run_id": done.run_id}
    out.result({**asdict(done.settings), **result, "raw": str(done.raw), "images": counts, "dents": done.dents})


@command(NoiseRequest, "file", "second")
def noise(request: NoiseRequest, out: Output) -> None:
    """Estimate dose, read noise and banding, and print the settings that make a training match them."""
    from pipelines.data.noise import measure_noise, noise_lines

    measured = measure_noise(request)
    found = measured.found
    out.text(f"From {found.source}; {measured.scale}")
    for line in noise_lines(found):
        out.text(f"  {line}")
    for caveat in found.caveats:
        out.text(f"Note: {caveat}")
    out.text(measured.scale.advice or " ".join(f"--set {assignment}" for assignment in measured.assignments))
    facts = asdict(found)
    facts["cautions"] = facts.pop("caveats")  # the name that scripts know
    limits = measured.scale.limits
    out.result({**facts, "assignments": measured.assignments, "limits": [limits.lo, limits.hi]})
