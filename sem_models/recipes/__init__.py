"""Recipes: everything that decides what a run learns, and the named systems as presets."""

from sem_models.recipes.overrides import override, override_degradation
from sem_models.recipes.recipe import Recipe
from sem_models.recipes.table import RECIPES, find_recipe

__all__ = ["RECIPES", "Recipe", "find_recipe", "override", "override_degradation"]
