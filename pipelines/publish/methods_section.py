"""A methods section written from what runs have recorded about themselves, to be edited by its author."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.counts import counted
from pipelines.evaluate.compare import Column, Comparison
from pipelines.evaluate.over_seeds import by_method
from pipelines.publish.forward_model import simulated_inputs
from pipelines.tracking.keys import Tag
from pipelines.tracking.run_facts import manifest_of, stored_recipe
from sem_models.config.networks.table import NETWORK_FACTS
from sem_models.evaluation.metrics.table import LABELS
from sem_models.networks.table import parameter_count
from sem_models.version import __version__

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe
    from sem_models.config.training import Adversarial, LossTerm, Optimiser, Schedule
    from sem_models.datasets.manifest import Manifest, Split

_SOFTWARE = "SEM Workbench"


def methods_section(comparison: Comparison, metrics: Sequence[str]) -> tuple[str, ...]:
    """Return paragraphs: the images, each method, the evaluation, and the sources of the networks.

    Everything comes from the recipes, manifests and reports of the runs. What they do not hold, such as the instrument
    where no file names it, is left out.
    """
    methods = by_method(comparison.columns)
    recipes = [stored_recipe(alike[0].run.run_id) for alike in methods]
    manifest = manifest_of(comparison.columns[0].run.run_id)
    recorded = manifest.layout.brings_inputs
    return (
        _images(manifest),
        *(_method(alike[0], len(alike), recipe, recorded) for alike, recipe in zip(methods, recipes, strict=True)),
        _evaluation(comparison, metrics),
        _sources(recipes),
    )


def _images(manifest: "Manifest") -> str:
    stored = [array for entry in manifest.entries for array in entry.arrays if array.role != "mask"]
    sizes = sorted({array.pixel_size_nm for array in stored if array.pixel_size_nm})
    instruments = sorted({str(found) for array in stored if (found := array.metadata.get("instrument"))})
    voltages = sorted({float(str(found)) for array in stored if (found := array.metadata.get("voltage_kv"))})
    noun = "image pair" if manifest.layout.is_paired else "image"
    sentences = [
        f"The dataset {manifest.name} contains {counted(len(manifest.entries), noun)} of "
        f"{counted(len({entry.group for entry in manifest.entries}), 'specimen')}: "
        f"{', '.join(_split(manifest, split, word) for split, word in _SPLITS)}.",
        "All images of a specimen belong to the same split.",
        f"Images were recorded with {', '.join(instruments)}." if instruments else "",
        f"The acceleration voltage was {_range(voltages)} kV." if voltages else "",
        f"The pixel size was {_range(sizes)} nm." if sizes else "",
        "Data bars were removed." if any(array.databar_rows for array in stored) else "",
    ]
    return _joined(sentences)


_SPLITS: "tuple[tuple[Split, str], ...]" = (("train", "training"), ("val", "validation"), ("test", "test"))


def _split(manifest: "Manifest", split: "Split", word: str) -> str:
    entries = [entry for entry in manifest.entries if entry.split == split]
    return f"{len(entries)} for {word} ({counted(len({entry.group for entry in entries}), 'specimen')})"


def _range(values: Sequence[float]) -> str:
    return f"{values[0]:.4g}" if len(values) == 1 else f"{values[0]:.4g} to {values[-1]:.4g}"


def _method(column: Column, seeds: int, recipe: "Recipe", recorded: bool) -> str:
    train = recipe.train
    stage = recipe.adversarial
    repeated = f" It was repeated with {seeds} seeds." if seeds > 1 else ""
    best = column.run.tags.get(Tag.BEST_STEP)
    sentences = [
        f"{column.run.name}: the network ({recipe.network.kind}, recipe {recipe.name}, method {recipe.method}) has "
        f"{parameter_count(recipe.network):,} parameters.",
        "Inputs were recorded, not simulated." if recorded else simulated_inputs(recipe.degradation),
        f"It was trained for {counted(train.steps, 'step')} on batches of {train.batch} random patches of "
        f"{train.patch} x {train.patch} px, with {_optimiser(recipe.optimiser, recipe.schedule)}, and the loss "
        f"{_losses(recipe.losses)}.{repeated}",
        _second_stage(stage) if stage else "",
        f"The weights of step {best} were used." if best else "",
        f"Weights were averaged exponentially (decay {train.ema_decay:g})." if train.ema_decay else "",
    ]
    return _joined(sentences)


def _losses(terms: "Sequence[LossTerm]") -> str:
    return " + ".join(f"{term.weight:g} {term.name}" for term in terms)


def _optimiser(optimiser: "Optimiser", schedule: "Schedule") -> str:
    return f"the optimiser {optimiser.name} (learning rate {optimiser.lr:g}, {schedule.name} schedule)"


def _second_stage(stage: "Adversarial") -> str:
    share = f"After {stage.first_share:.0%} of the steps, an" if stage.first_share else "An"
    return (
        f"{share} adversarial loss ({stage.gan}, weight {stage.weight:g}) with {_losses(stage.losses)} was used, with "
        f"{_optimiser(stage.optimiser, stage.schedule)}."
    )


def _evaluation(comparison: Comparison, metrics: Sequence[str]) -> str:
    report = comparison.columns[0].report
    names = ", ".join(LABELS[metric] for metric in metrics)
    border = f" without a border of {report.border_px} px" if report.border_px else ""
    baselines = ", ".join(name.removeprefix("baseline:") for name in comparison.baselines)
    sentences = [
        f"All methods were scored on the {counted(report.images, 'whole test image')} of "
        f"{counted(report.groups, 'specimen')}{border}, with a data range of {report.data_range:g}: {names}.",
        "Means have 95 % intervals over specimens (jackknife and Student's t) where there are at least three.",
        f"Baselines that learn nothing were scored on the same inputs: {baselines}." if baselines else "",
        f"Data digest {report.digest[:12]}; {_SOFTWARE} {__version__}, code {_commits(comparison.columns)}.",
    ]
    return _joined(sentences)


def _commits(columns: Sequence[Column]) -> str:
    return ", ".join(sorted({column.run.tags.get(Tag.COMMIT, "unknown")[:12] for column in columns}))


def _sources(recipes: "Sequence[Recipe]") -> str:
    kinds = dict.fromkeys(recipe.network.kind for recipe in recipes)
    return f"Sources of the networks: {'; '.join(f'{kind}, {NETWORK_FACTS[kind].source}' for kind in kinds)}."


def _joined(sentences: Sequence[str]) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
