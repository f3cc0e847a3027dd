"""Page with all presets, generated from their table."""

from sem_models.config.networks.table import capabilities
from sem_models.config.presets.table import RECIPES
from sem_models.config.recipe import Recipe
from sem_models.networks.table import parameter_count

INTRODUCTION = """# Recipes

These presets can be passed to `train --recipe`. Those ending in `-small` are for two processor cores. `--set KEY=VALUE`
changes any setting; `sem-workbench recipes --json` prints this list for scripts.
"""


def page() -> str:
    """One table for each task."""
    lines = [INTRODUCTION]
    for task in dict.fromkeys(recipe.task for recipe in RECIPES.values()):
        lines += [
            f"## {task.replace('_', ' ').capitalize()}",
            "",
            "| recipe | network | method | scale | parameters | summary |",
        ]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_row(recipe) for recipe in RECIPES.values() if recipe.task == task]
        lines.append("")
    return "\n".join(lines)


def _row(recipe: Recipe) -> str:
    facts, count = capabilities(recipe.network), parameter_count(recipe.network)
    cells = (f"`{recipe.name}`", f"`{recipe.network.kind}`", f"`{recipe.method}`", facts.scale, f"{count:,}")
    return f"| {' | '.join(map(str, cells))} | {recipe.summary} |"
