"""Super-resolution: a network enlarges images that the forward model downsampled."""

from sem_models.tasks.base import Task
from sem_models.tasks.words import ENLARGED

SUPER_RESOLUTION = Task("super-resolution", "Enlarge", ENLARGED)
