"""Refocusing: blur is undone, known or unknown, everywhere or only where it is."""

from sem_models.tasks.base import Task

REFOCUSING = Task("refocusing")
