"""Noise2Noise (Lehtinen et al., ICML 2018): denoise from two noisy frames of each field.

The noise of the second frame cannot be predicted from the first and has mean zero, so the best prediction under a
squared error is the signal.
"""

import torch
from torch import Tensor

from sem_models.config.recipe import Recipe
from sem_models.datasets.kinds import Role
from sem_models.datasets.manifest import Manifest
from sem_models.datasets.sampling.fixed_noise import repeated_frames
from sem_models.errors import SettingRef, UserError
from sem_models.methods.base import Batch, Truth, Views
from sem_models.methods.noisy_only import NoisyOnly
from sem_models.methods.stages import Stage


class Noise2Noise(NoisyOnly):
    """Supervised learning with the other noisy frame as the target, in both directions."""

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raise a `UserError` if the two frames would differ by more than noise."""
        super().check(recipe)
        scan = recipe.degradation.scan
        if scan and (scan.jitter_px or scan.drift_px or scan.charging):
            raise UserError(
                "Method noise2noise needs frames that differ by noise alone; jitter, drift and charging would be "
                "learned as though they were the specimen: set degradation.scan.jitter_px, drift_px and charging to 0."
            )

    @classmethod
    def check_dataset(cls, recipe: Recipe, manifest: Manifest) -> None:
        """Raise a `UserError` for single images without simulated noise."""
        super().check_dataset(recipe, manifest)
        if not manifest.layout.is_paired and not recipe.degradation.is_noisy:
            raise UserError(
                "Method noise2noise needs two noisy frames of each field: prepare a paired dataset, or simulate noise "
                "on clean images with ",
                SettingRef("degradation.dose_e_per_px", 30),
                ".",
            )

    @classmethod
    def views(cls, recipe: Recipe, manifest: Manifest, roles: tuple[Role, ...]) -> Views:
        """Return both frames of a paired dataset, else two simulated ones."""
        if manifest.layout.is_paired:
            return Views(("input", "target"), repeated_frames)
        return super().views(recipe, manifest, roles)

    @classmethod
    def truth(cls, recipe: Recipe, manifest: Manifest) -> Truth:
        """Return the second frame of a pair, whose noise is independent, else the clean image."""
        return Truth.SECOND_FRAME if manifest.layout.is_paired else Truth.CLEAN

    @classmethod
    def caveats(cls, manifest: Manifest) -> tuple[str, ...]:
        """Warn that the targets of a paired dataset may be noisy themselves."""
        if not manifest.layout.is_paired:
            return ()
        return (
            f"If the targets of {manifest.name!r} are noisy frames, as Noise2Noise trains on, every score includes "
            "their noise, and even the true image would not reach a high PSNR. Scores without a reference estimate "
            "the PSNR from two frames.",
        )

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses by name."""
        return super().training_step(half_swapped(batch), part, stage)


def half_swapped(batch: Batch) -> Batch:
    """Exchange input and target in the first half of the batch, so that each frame serves as both."""
    half = len(batch["input"]) // 2
    first, second = batch["input"], batch["target"]
    return {
        "input": torch.cat([second[:half], first[half:]]),
        "target": torch.cat([first[:half], second[half:]]),
    }
