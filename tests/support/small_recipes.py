"""All presets with networks so narrow that a step takes milliseconds, and features without trained weights."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.overrides import override
from sem_models.config.presets.table import find_recipe
from sem_models.config.recipe import Recipe
from sem_models.methods.objective import PERCEPTUAL

NARROW: dict[str, dict[str, Any]] = {
    "vdsr": {"depth": 3, "width": 4},
    "srresnet": {"blocks": 1, "width": 4},
    "rrdb": {"blocks": 1, "width": 4, "growth": 2},
    "spsr": {"blocks": 4, "width": 4, "growth": 2},
    "swinir": {"width": 8, "groups": 1, "layers": 2, "heads": 2, "window": 4},
    "hat": {"width": 8, "groups": 1, "layers": 2, "heads": 2, "window": 4, "overlap": 1, "conv_width": 4, "squeeze": 8,
            "pool": 16, "tail_width": 4},
    "dsrvae": {"blocks": 1, "width": 4, "patch": 32, "code": 4, "hidden": 8},
    "sinsr": {"blocks": 4, "width": 8, "scale_blocks": 1},
    "nafnet": {"width": 4, "encoder": [1, 1], "middle": 1, "decoder": [1, 1]},
    "unet": {"width": 4, "depth": 2},
    "srn": {"blocks": 1, "width": 4},
    "mrn": {"blocks": 1, "width": 4},
    "resnet": {"blocks": 1, "width": 4},
    "diffusion-unet": {"width": 8, "multipliers": [1, 2], "blocks": 1, "attention": [1]},
    "pix2pix": {"levels": 4, "width": 4},
    "blind-spot-unet": {"depth": 2, "width": 4},
    "refocuser": {"inner": {"kind": "unet", "channels_in": 2, "channels_out": 2, "width": 4, "residual": True}},
    "inpainter": {"inner": {"kind": "unet", "channels_in": 2, "channels_out": 2, "width": 4, "residual": True}},
}  # fmt: skip


def narrow(recipe: Recipe) -> Recipe:
    """A recipe with the same method, losses, weights and kind of discriminator, but tiny networks; validated again."""
    network = {**recipe.network.model_dump(), **NARROW[recipe.network.kind]}
    patch = 32 * recipe.network.scale if recipe.network.kind == "dsrvae" else 64
    content = recipe.model_dump() | {"network": network}
    content["train"] |= {"patch": patch, "batch": 2}
    if content["adversarial"]:
        judge = content["adversarial"]["discriminator"]
        judge |= {"width": 4, "size": patch} if judge["kind"] == "vgg" else {"width": 4, "halvings": 3}
    return Recipe.model_validate(content)


def short(name: str, *changes: str) -> Recipe:
    """A narrow preset of six steps, half of them for each stage, without perceptual losses and with more noise."""
    steps = ["train.steps=6", "train.validate_every=5", "train.checkpoint_every=2", "train.log_every=1"]
    recipe = narrow(find_recipe(name))
    if recipe.cycle:
        # Full after two steps, so that images are swapped.
        return override(recipe, [*steps, "cycle.pool=3", *changes])
    if recipe.adversarial:
        steps += ["adversarial.first_share=0.5", "degradation.read_noise=0.01"]
        kept = tuple(term for term in recipe.adversarial.losses if term.name not in PERCEPTUAL)
        recipe = recipe.model_copy(update={"adversarial": recipe.adversarial.model_copy(update={"losses": kept})})
    return override(recipe, [*steps, *changes])


class FakeFeatures(nn.Module):
    """Maps (N, 1, H, W) to features shaped like VGG's deepest layer, (N, 512, H / 16, W / 16), by fixed weights."""

    def __init__(self) -> None:
        super().__init__()
        weights = torch.randn(512, 1, 16, 16, generator=torch.Generator().manual_seed(0)) / 16
        self.register_buffer("weights", weights)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of one layer, as from `deepest_features`."""
        return [F.conv2d(x, self.get_buffer("weights"), stride=16)]


def fake_perceptual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace pretrained features, so that no weights are needed or read."""
    features = FakeFeatures()
    monkeypatch.setattr("sem_models.losses.perceptual._features", lambda *_: features)
    monkeypatch.setattr("sem_models.methods.recipe_check.require_weights", lambda _: None)
