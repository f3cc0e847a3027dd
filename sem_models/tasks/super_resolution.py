"""Super-resolution: a network enlarges what the forward model shrank."""

from sem_models.tasks.base import Task

SUPER_RESOLUTION = Task("super-resolution")
