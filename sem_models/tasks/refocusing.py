"""Refocusing: undoing known or unknown blur, of the whole image or of a part of it."""

from sem_models.tasks.base import Task

REFOCUSING = Task("refocusing")
