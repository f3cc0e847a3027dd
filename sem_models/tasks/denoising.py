"""Denoising: removing shot noise, read noise and scan distortions."""

from sem_models.tasks.base import Task
from sem_models.tasks.words import DENOISED

DENOISING = Task("denoising", DENOISED)
