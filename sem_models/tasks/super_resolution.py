"""Super-resolution: a network enlarges images that the forward model downsampled."""

from sem_models.tasks.base import Task

SUPER_RESOLUTION = Task("super-resolution", "Enlarge")
