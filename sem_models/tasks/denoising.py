"""Denoising: removing shot noise, read noise and scan distortions."""

from sem_models.tasks.base import Task

DENOISING = Task("denoising")
