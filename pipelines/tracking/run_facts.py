"""What a run says of itself: its parameters, flat, and the code that made it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.tracking.artifacts import get_text
from pipelines.tracking.keys import Artifact

if TYPE_CHECKING:
    from sem_models.config.recipe import Recipe
    from sem_models.datasets.manifest import Manifest


def stored_recipe(run_id: str) -> "Recipe":
    """The resolved recipe of a run."""
    from sem_models.config.recipe import Recipe

    return Recipe.model_validate_json(get_text(run_id, Artifact.RECIPE))


def manifest_of(run_id: str) -> "Manifest":
    """Of the dataset that a run was trained on."""
    from sem_models.datasets.manifest import Manifest

    return Manifest.model_validate_json(get_text(run_id, Artifact.MANIFEST))


def flat_parameters(recipe: "Recipe") -> dict[str, Any]:
    """`train.steps: 200` and so on, for MLflow's table of parameters."""
    return dict(_flatten(recipe.model_dump(mode="json", exclude={"summary"}), ""))


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
    """Commit of the code that runs, `+changes` where files differ from it, `unknown` outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    try:
        ask = ["git", "-C", str(root), "describe", "--always", "--dirty=+changes", "--exclude=*", "--abbrev=40"]
        return subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return "unknown"
