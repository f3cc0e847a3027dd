"""Denoising: shot noise, read noise and the unsteadiness of the scan are taken away."""

from sem_models.tasks.base import Task

DENOISING = Task("denoising")
