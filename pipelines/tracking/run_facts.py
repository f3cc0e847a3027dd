"""What a run records about itself: its parameters, flat, and the code that made it."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.tracking.keys import Artifact, Tag, score_key
from pipelines.tracking.runs import RunInfo, get_run
from sem_models.config.methods import method_facts
from sem_models.inference.model_folder import backward_file
from sem_models.version import __version__

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe
    from sem_models.datasets.manifest import Manifest


def stored_recipe(run_id: str) -> "Recipe":
    """Read the resolved recipe of a run."""
    from pipelines.tracking.artifacts import get_text
    from sem_models.config.recipe import Recipe

    return Recipe.model_validate_json(get_text(run_id, Artifact.RECIPE))


def manifest_of(run_id: str) -> "Manifest":
    """Read the manifest of the dataset that a run was trained on; an interpolated run has that of its source."""
    from pipelines.tracking.artifacts import get_text
    from sem_models.datasets.manifest import Manifest

    source = get_run(run_id).tags.get(Tag.INTERPOLATED_FROM, run_id)
    return Manifest.model_validate_json(get_text(source, Artifact.MANIFEST))


def flat_parameters(recipe: "Recipe") -> dict[str, Any]:
    """Return `train.steps: 200` and so on, for MLflow's table of parameters."""
    return dict(_flatten(recipe.model_dump(mode="json", exclude={"summary"}), ""))


def described(recipe: "Recipe", dataset: str) -> str:
    """Describe a training in Markdown, for MLflow's own pages and until somebody writes a better note."""
    train, losses = recipe.train, ", ".join(term.name for term in recipe.losses)
    return (
        f"**{recipe.task.capitalize()}** with recipe `{recipe.name}` on dataset `{dataset}`. {recipe.summary}\n\n"
        f"Network {recipe.network.kind}, method {recipe.method}, losses {losses or 'of the method'}; "
        f"{train.steps:,} steps of {train.batch} patches of {train.patch} px, seed {train.seed}."
    )


def _flatten(content: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, value in content.items():
        if isinstance(value, dict):
            flat += _flatten(value, f"{prefix}{key}.")
        elif key == "losses":
            flat += [(f"{prefix}losses.{term['name']}", term["weight"]) for term in value]
        else:
            flat.append((f"{prefix}{key}", value))
    return flat


def code_commit() -> str:
    """Return the commit of the running code, with `+changes` if files differ; for an installed package, its version."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        # A package may be installed below some other project's checkout.
        return __version__
    try:
        ask = ["git", "-C", str(root), "describe", "--always", "--dirty=+changes", "--exclude=*", "--abbrev=40"]
        return subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return "unknown"


@dataclass(frozen=True)
class SplitScores:
    """Means of scores over one test split, by the names of the scores, and the dataset that it belongs to."""

    dataset: str
    scores: Mapping[str, float]


def tested_scores(run: RunInfo) -> SplitScores | None:
    """Return the scores of a run on its own test split, or else those on the dataset it was last scored on.

    Versions before 0.2 kept only the last scores, whatever their dataset.
    """
    last = run.tags.get(Tag.evaluated("test"), run.tags.get(Tag.DATASET, ""))
    prefix, other = score_key("test", ""), score_key("test", "", last)
    on_own = {key.removeprefix(prefix): value for key, value in run.metrics.items() if key.startswith(prefix)}
    on_own = {name: value for name, value in on_own.items() if "/" not in name}
    on_last = {key.removeprefix(other): value for key, value in run.metrics.items() if key.startswith(other)}
    if not on_own:
        return SplitScores(last, on_last) if on_last else None
    return SplitScores(run.tags.get(Tag.DATASET, last) if on_last else last, on_own)


def offers_backward(run: RunInfo) -> bool:
    """Tell whether the backward generator of a run can be loaded, for lists to choose from."""
    if not method_facts(run.params.get("method")).learns_backward:
        return False
    # MLflow takes seconds to import, and tables of runs need only their facts.
    from pipelines.tracking.artifacts import list_files

    kept = str(backward_file(Path(Artifact.BEST))) in list_files(run.run_id, Artifact.BEST)
    return kept or float(run.params.get("train.ema_decay", 1)) == 0
