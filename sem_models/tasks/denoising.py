"""Denoising: removing shot noise, read noise and scan distortions."""

from sem_models.config.methods import method_facts
from sem_models.config.recipe import Recipe
from sem_models.tasks.base import Task
from sem_models.tasks.material import Material
from sem_models.tasks.words import DENOISED


class Denoising(Task):
    """The one restoration for which it matters whether the images of a dataset are noisy themselves."""

    def unsuitable(self, recipe: Recipe, material: Material) -> str:
        """Return why a method that needs clean images must not learn from noisy ones, and the other way round."""
        facts = method_facts(recipe.method)
        if not material.is_noisy:
            needless = "It is made for images that are all noisy; recipes that learn from clean images reach more."
            return needless if facts.learns_from_noisy else ""
        if not facts.learns_from_noisy:
            return "It learns to return images like those of the dataset, which would be noisy."
        if recipe.degradation.is_noisy and not material.are_frames:
            return "It would add simulated noise to images that are noisy; it needs two noisy frames of each field."
        return ""


DENOISING = Denoising("denoising", "Remove noise", DENOISED)
