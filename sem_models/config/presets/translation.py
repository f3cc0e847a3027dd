"""Presets for paired translation: a U-Net that predicts the mean of all possible images, and pix2pix, which draws one.

The number of channels must match the data, for example `--set network.channels_in=6` for two light micrographs with
three channels each. The conditional discriminator adapts to it.
"""

from sem_models.config.degradation import Degradation
from sem_models.config.networks.discriminators import PatchDiscriminatorConfig
from sem_models.config.networks.pix2pix import Pix2PixConfig
from sem_models.config.networks.unet import UNetConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import Adversarial, GanKind, LossTerm, Optimiser, Schedule, TrainSettings

_AS_IT_IS = Degradation(scale=1)
"""Pairs contain a recorded input, which is not degraded further."""
_ADAM = Optimiser(lr=2e-4, betas=(0.5, 0.999))
_DECAY = Schedule(name="linear", decay_from=0.5, final_fraction=0.0)
_UNCLIPPED = 1e3
"""Practically no limit: the original programs do not clip gradients."""


def presets() -> list[Recipe]:
    """Return U-Net and pix2pix as published and as recommended, each with a `-small` one for two CPU cores."""
    unet, original = _unet(), _unet_bce()
    vanilla, squares = _pix2pix("pix2pix", "bce"), _pix2pix("pix2pix-lsgan", "lsgan")
    return [
        unet,
        _small_unet(unet),
        original,
        _small_unet(original),
        vanilla,
        _small_pix2pix(vanilla),
        squares,
        _small_pix2pix(squares),
    ]


def _unet() -> Recipe:
    return Recipe(
        name="unet-translate",
        summary="U-Net of width 64 to 1024 with a robust pixel loss: best pixel scores, smooth texture.",
        task="translation",
        network=UNetConfig(variant="batch-norm", depth=4, width=64, upsampling="resize"),
        losses=(LossTerm(name="charbonnier"),),
        degradation=_AS_IT_IS,
        optimiser=Optimiser(lr=3e-4),
        schedule=Schedule(name="cosine", warmup_steps=500),
        train=TrainSettings(steps=20_000, batch=8, patch=256, validate_every=1000, checkpoint_every=1000),
    )


def _unet_bce() -> Recipe:
    """Return Petrography2SEM (Amrollahinasab and Rabbani, 2023): 500 epochs of 199 images of 400 px, five per step.

    Deviation: flips and quarter turns instead of rotations by arbitrary angles, whose black corners entered the loss.
    """
    return Recipe(
        name="unet-translate-bce",
        summary="Petrography2SEM's U-Net of 2023: two light images (6 channels) to SEM, cross-entropy on grey levels.",
        task="translation",
        network=UNetConfig(variant="batch-norm", depth=4, width=64, channels_in=6, head="sigmoid", upsampling="resize"),
        losses=(LossTerm(name="bce"),),
        degradation=_AS_IT_IS,
        optimiser=Optimiser(lr=1e-4, betas=(0.9, 0.999)),
        schedule=Schedule(name="constant"),
        train=TrainSettings(
            steps=20_000,
            batch=5,
            patch=400,
            ema_decay=0.0,
            grad_clip=_UNCLIPPED,
            validate_every=1000,
            checkpoint_every=1000,
        ),
    )


def _pix2pix(name: str, gan: GanKind) -> Recipe:
    """Return pix2pix (Isola et al., CVPR 2017) with the schedule of Petrography2SEM.

    The learning rate is constant for 200 epochs and falls over another 200, here with 400 images each. Deviations:
    instance norm, because running statistics of single images do not fit other images; doublings by resizing
    and two convolutions at full size, because transposed convolutions leave dotted edges.
    """
    loss = {"bce": "cross-entropy", "lsgan": "least squares"}[gan]
    return Recipe(
        name=name,
        summary=f"pix2pix of 2017: U-Net-256 before a conditional PatchGAN ({loss}), 100 L1; realistic texture.",
        task="translation",
        method="adversarial",
        network=Pix2PixConfig(norm="instance", upsampling="resize", finish="convolutions"),
        degradation=_AS_IT_IS,
        adversarial=Adversarial(
            first_share=0.0,
            losses=(LossTerm(name="l1", weight=100.0),),
            gan=gan,
            weight=1.0,
            discriminator=PatchDiscriminatorConfig(norm="instance"),
            conditional=True,
            optimiser=_ADAM,
            schedule=_DECAY,
        ),
        train=TrainSettings(
            steps=160_000,
            batch=1,
            patch=256,
            ema_decay=0.0,
            grad_clip=_UNCLIPPED,
            validate_every=5000,
            checkpoint_every=1000,
        ),
    )


def _small_unet(recipe: Recipe) -> Recipe:
    network = recipe.network.model_copy(update={"width": 16, "depth": 3})
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": f"{recipe.name} with a thin U-Net: minutes on two CPU cores.",
            "network": network,
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=1500, batch=8, patch=128, ema_decay=0.99, validate_every=250),
        }
    )


def _small_pix2pix(recipe: Recipe) -> Recipe:
    """Use resizing, convolutions at full size and instance norm, which avoid checkerboards and weave patterns."""
    assert recipe.adversarial is not None  # noqa: S101
    discriminator = PatchDiscriminatorConfig(width=16, norm="instance")
    return recipe.model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": f"{recipe.name} with a thin U-Net of six levels: minutes on two CPU cores.",
            "network": Pix2PixConfig(levels=6, width=16, norm="instance", upsampling="resize", finish="convolutions"),
            "adversarial": recipe.adversarial.model_copy(update={"discriminator": discriminator}),
            "train": TrainSettings(steps=1500, batch=4, patch=128, ema_decay=0.99, validate_every=250),
        }
    )
