"""Presets for super-resolution without a discriminator: VDSR, SRResNet, SwinIR and HAT."""

from typing import Literal

from sem_models.config.degradation import Degradation
from sem_models.config.networks.hat import HATConfig
from sem_models.config.networks.srresnet import SRResNetConfig
from sem_models.config.networks.swinir import SwinIRConfig
from sem_models.config.networks.table import NetworkConfig
from sem_models.config.networks.vdsr import VDSRConfig
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser, Schedule, TrainSettings

Scale = Literal[2, 4]
SCALES: tuple[Scale, ...] = (4, 2)
_TRANSFORMER_STEPS = Schedule(name="multistep", milestones=(0.5, 0.8, 0.9, 0.95))


def presets() -> list[Recipe]:
    """Return every preset of this file, larger scale first."""
    return [recipe for scale in SCALES for recipe in _at(scale)]


def _at(scale: Scale) -> list[Recipe]:
    vdsr, srresnet, light, hat = _vdsr(scale), _srresnet(scale), _swinir_light(scale), _hat(scale)
    few = "VDSR with 8 convolutions of width 24: minutes on two CPU cores."
    thin = "SRResNet with 8 blocks of width 32: minutes on two CPU cores, the faster of the two to apply."
    tiny = "SwinIR of width 24 with 2 groups of 4 layers: for two CPU cores."
    small_swin = SwinIRConfig(scale=scale, width=24, groups=2, layers=4, heads=3, drop_path=0, direct=True)
    return [
        vdsr,
        small(vdsr, VDSRConfig(scale=scale, depth=8, width=24), few, steps=6000, patch=64),
        srresnet,
        small(srresnet, SRResNetConfig(scale=scale, blocks=8, width=32), thin, steps=3000, patch=96),
        _swinir(scale),
        light,
        small(light, small_swin, tiny, steps=3000, patch=96, name=f"swinir-x{scale}-small"),
        hat,
        small(hat, small_hat(scale), SMALL_HAT, steps=3000, patch=96 if scale == 4 else 64),
    ]


def _vdsr(scale: Scale) -> Recipe:
    return Recipe(
        name=f"vdsr-x{scale}",
        summary="VDSR of 2016: 20 plain convolutions correct a bicubic enlargement. Adam and L1 replace SGD at 0.1.",
        network=VDSRConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=1e-4, betas=(0.9, 0.999)),
        schedule=Schedule(name="multistep", milestones=(0.5, 0.75), gamma=0.1),
        train=TrainSettings(steps=100_000, batch=64, patch=64, validate_every=2000, checkpoint_every=1000),
    )


def _srresnet(scale: Scale) -> Recipe:
    return Recipe(
        name=f"srresnet-x{scale}",
        summary="SRResNet without batch norm, 16 residual blocks at low resolution, as ESRGAN's baseline is trained.",
        network=SRResNetConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=Schedule(name="cosine", final_fraction=0.001),
        train=TrainSettings(steps=250_000, batch=16, patch=128, validate_every=5000, checkpoint_every=1000),
    )


def _swinir(scale: Scale) -> Recipe:
    return Recipe(
        name=f"swinir-x{scale}",
        summary="SwinIR of 2021, classical: 36 layers of shifted-window attention of width 180. For a GPU.",
        network=SwinIRConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=_TRANSFORMER_STEPS,
        train=TrainSettings(steps=500_000, batch=32, patch=48 * scale, validate_every=5000, checkpoint_every=1000),
    )


def _swinir_light(scale: Scale) -> Recipe:
    return Recipe(
        name=f"swinir-light-x{scale}",
        summary="SwinIR of 2021, light: 24 layers of width 60, enlarged in one step.",
        network=SwinIRConfig(scale=scale, width=60, groups=4, drop_path=0, direct=True),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=_TRANSFORMER_STEPS,
        train=TrainSettings(steps=500_000, batch=32, patch=64 * scale, validate_every=5000, checkpoint_every=1000),
    )


def _hat(scale: Scale) -> Recipe:
    return Recipe(
        name=f"hat-x{scale}",
        summary="HAT of 2023: 36 layers of attention and convolutions of width 180, windows of 16 px. For a GPU.",
        network=HATConfig(scale=scale),
        degradation=Degradation(scale=scale),
        optimiser=Optimiser(lr=2e-4),
        schedule=_TRANSFORMER_STEPS,
        train=TrainSettings(steps=500_000, batch=32, patch=64 * scale, validate_every=5000, checkpoint_every=1000),
    )


SMALL_HAT = "HAT of width 24 with 2 groups of 4 layers in windows of 8 px: for two CPU cores."


def small_hat(scale: Literal[1, 2, 4]) -> HATConfig:
    """Return the settings of a HAT that two CPU cores train."""
    return HATConfig(
        scale=scale,
        width=24,
        groups=2,
        layers=4,
        heads=3,
        window=8,
        overlap=2,
        conv_width=8,
        squeeze=4,
        pool=32,
        tail_width=24,
        drop_path=0,
    )


def small(
    recipe: Recipe, network: NetworkConfig, summary: str, steps: int, patch: int, name: str | None = None
) -> Recipe:
    """Return a small version of a preset that two CPU cores train in minutes."""
    return recipe.model_copy(
        update={
            "name": name or f"{recipe.name}-small",
            "summary": summary,
            "network": network,
            "losses": (LossTerm(name="charbonnier"),),
            "optimiser": Optimiser(lr=1e-3),
            "schedule": Schedule(name="cosine", warmup_steps=100),
            "train": TrainSettings(steps=steps, batch=16, patch=patch, ema_decay=0.99, validate_every=500),
        }
    )
