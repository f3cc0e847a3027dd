"""Presets that draw micrographs from label maps.

They follow the conditional GAN of AxonDeepSeg's image synthesis (Katoch, 2023), which is pix2pix (Isola et al., CVPR
2017). Each deviation corrects a fault of the original: one channel per class instead of grey masks with three levels,
which put one class between the other two for no reason; crops at full resolution instead of masks and images reduced
by max pooling; images scaled to [-1, 1] once, not twice; and flips and quarter turns, because there are few images.
"""

from typing import Any

from sem_models.config.degradation import Degradation
from sem_models.config.networks.discriminators import PatchDiscriminatorConfig
from sem_models.config.networks.pix2pix import Pix2PixConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, LossTerm, Optimiser, Schedule, TrainSettings


def presets() -> tuple[Recipe, Recipe]:
    """Return the published preset and one for two CPU cores. The number of classes comes from the dataset."""
    whole = _whole()
    return whole, _small(whole)


def _whole() -> Recipe:
    """Return the published preset: 150 epochs at a constant learning rate, here with 400 crops each.

    Deviations: instance norm instead of batch norm at batch size 1, and no transposed convolutions.
    """
    return Recipe(
        name="cgan-masks",
        summary="Conditional GAN that draws micrographs from label maps: U-Net-256, PatchGAN, 100 L1.",
        task="synthesis",
        method="adversarial",
        network=Pix2PixConfig(channels_in=3, dropout=0.0, norm="instance", upsampling="resize", finish="convolutions"),
        degradation=Degradation(scale=1),
        adversarial=Adversarial(
            first_share=0.0,
            losses=(LossTerm(name="l1", weight=100.0),),
            gan="bce",
            weight=1.0,
            discriminator=PatchDiscriminatorConfig(norm="instance"),
            conditional=True,
            optimiser=Optimiser(lr=2e-4, betas=(0.5, 0.999)),
            schedule=Schedule(name="constant"),
        ),
        # Neither averaged weights nor, in effect, gradient clipping, as in the original.
        train=TrainSettings(
            steps=60_000, batch=1, patch=256, ema_decay=0.0, grad_clip=1e3, validate_every=3000, checkpoint_every=1000
        ),
    )


def _small(whole: Recipe) -> Recipe:
    """Use instance norm, which treats images like training crops, and no transposed convolutions: no checkerboards."""
    discriminator = PatchDiscriminatorConfig(width=16, halvings=2, norm="instance")
    changes: dict[str, Any] = {
        "name": "cgan-masks-small",
        "summary": "cgan-masks with a thin U-Net of five levels: minutes on two CPU cores.",
        "network": Pix2PixConfig(
            channels_in=3, levels=5, width=16, norm="instance", dropout=0.0, upsampling="resize", finish="convolutions"
        ),
        "adversarial": whole.adversarial and whole.adversarial.model_copy(update={"discriminator": discriminator}),
        "train": TrainSettings(steps=1500, batch=4, patch=128, ema_decay=0.99, validate_every=250),
    }
    return whole.model_copy(update=changes)
