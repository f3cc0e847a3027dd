"""Training written plainly, as in the published programs: PNG files, a DataLoader, default memory format and Adam.

Networks, losses, batches and updates are those of the recipe. There is no average of the weights, no clipping of
gradients, no finite guard and no monitoring; losses are read in each step, as those programs do.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm, Optimiser
from sem_models.inference.diffusion.noise_schedule import ForwardProcess, signed
from sem_models.losses.adversarial import discriminator_loss, generator_compares, generator_loss
from sem_models.losses.table import find_loss
from sem_models.methods.objective import loss_name
from sem_models.networks.blocks import halve
from sem_models.networks.discriminators import build_discriminator
from sem_models.networks.table import build_network

Batch = tuple[Tensor, Tensor]
_RANDOM = np.random.default_rng(0)


class Pieces(Dataset[Batch]):
    """Random crops of PNG files, flipped and turned; inputs are simulated, or read from a folder of the same names."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self._recipe, self._files = recipe, sorted((folder / "image").glob("*.png"))
        self._other = folder / "other"
        self._classes = capabilities(recipe.network).channels_out if recipe.task == "segmentation" else 0

    def __len__(self) -> int:
        return 100_000

    def __getitem__(self, index: int) -> Batch:
        file, patch = self._files[index % len(self._files)], self._recipe.train.patch
        images = [Image.open(file)]
        if self._recipe.task in ("translation", "segmentation"):
            images.append(Image.open(self._other / file.name))
        row, column = (_RANDOM.integers(size - patch + 1) for size in reversed(images[0].size))
        flips, turns = [_RANDOM.random() < 0.5 for _ in range(2)], _RANDOM.random() < 0.5
        found = []
        for image in images:
            pixels = np.asarray(image)[row : row + patch, column : column + patch]
            pixels = pixels[:: -1 if flips[0] else 1, :: -1 if flips[1] else 1]
            found.append(np.ascontiguousarray(pixels.T if turns else pixels))
        if self._classes:
            classes = F.one_hot(torch.from_numpy(found[1]).long() * self._classes // 256, self._classes)
            return _unit(found[0]), classes.permute(2, 0, 1).float()
        return (_unit(found[0]), _unit(found[1])) if len(found) == 2 else self._degraded(_unit(found[0]))

    def _degraded(self, sharp: Tensor) -> Batch:
        forward, scale = self._recipe.degradation, capabilities(self._recipe.network).scale
        x = sharp
        if forward.blur:
            x = F.conv2d(x[None], _gaussian(_RANDOM.uniform(0.5, 4.0)), padding="same")[0]
        if scale > 1:
            x = F.interpolate(x[None], scale_factor=1 / scale, mode="bicubic", antialias=True)[0]
        if forward.dose_e_per_px:
            x = torch.poisson(x.clamp(min=0) * 50) / 50
        if forward.read_noise:
            x = x + 0.02 * torch.randn_like(x)
        return x, sharp


def _unit(pixels: Any) -> Tensor:
    return torch.from_numpy(pixels).float()[None] / 255


def _gaussian(sigma: float) -> Tensor:
    x = torch.arange(-16, 17) / sigma
    taps = torch.exp(-x.square() / 2)
    return (taps[:, None] * taps)[None, None] / taps.sum() ** 2


class PlainTraining:
    """One step after another of the method of a recipe."""

    def __init__(self, recipe: Recipe, device: str = "cpu") -> None:
        torch.manual_seed(0)
        self._recipe, self._second = recipe, recipe.adversarial
        self._step = {
            "supervised": self._supervised,
            "segmentation": self._supervised,
            "adversarial": self._adversarial,
            "cycle": self._cycle,
            "diffusion": self._diffusion,
        }[recipe.method]
        self.networks: dict[str, Any] = {"restorer": build_network(recipe.network)}
        self._losses = self._terms(recipe.losses)
        optimiser = recipe.optimiser
        if self._second:
            facts = capabilities(recipe.network)
            shown = facts.channels_out + (facts.channels_in if self._second.conditional else 0)
            judges = ("discriminator", "backward_discriminator") if recipe.cycle else ("discriminator",)
            self.networks |= {name: build_discriminator(self._second.discriminator, shown) for name in judges}
            if recipe.cycle:
                self.networks["backward"] = build_network(recipe.network)
            self._losses, optimiser = self._terms(self._second.losses), self._second.optimiser
        for network in self.networks.values():
            network.to(device)
        making = [p for name, net in self.networks.items() if "discriminator" not in name for p in net.parameters()]
        judging = [p for name, net in self.networks.items() if "discriminator" in name for p in net.parameters()]
        self._optimiser = _adam(optimiser, making)
        if judging:
            self._judge_optimiser = _adam(optimiser, judging)
        self._pools: tuple[list[Tensor], list[Tensor]] = ([], [])
        if recipe.diffusion:
            self._forward = ForwardProcess(recipe.diffusion)

    def step(self, x: Tensor, y: Tensor) -> dict[str, float]:
        """Update all networks; returns the losses."""
        return self._step(x, y)

    def _terms(self, terms: tuple[LossTerm, ...]) -> list[tuple[float, Any]]:
        return [(term.weight, find_loss(loss_name(self._recipe, term))) for term in terms]

    def _compare(self, output: Tensor, target: Tensor) -> Tensor:
        return torch.stack([weight * loss(output, target) for weight, loss in self._losses]).sum()

    def _supervised(self, x: Tensor, y: Tensor) -> dict[str, float]:
        self._optimiser.zero_grad()
        if capabilities(self._recipe.network).auxiliary == "pyramid":
            half = halve(y)
            pairs = zip(self.networks["restorer"].pyramid(x), (halve(half), half, y), strict=True)
            loss = torch.stack([self._compare(output, target) for output, target in pairs]).mean()
        else:
            loss = self._compare(self.networks["restorer"](x), y)
        loss.backward()
        self._optimiser.step()
        return {"loss": loss.item()}

    def _adversarial(self, x: Tensor, y: Tensor) -> dict[str, float]:
        assert self._second is not None  # noqa: S101
        gan, judge, conditional = self._second.gan, self.networks["discriminator"], self._second.conditional

        def judged(image: Tensor) -> Tensor:
            seen: Tensor = judge(torch.cat([x, image], 1) if conditional else image)
            return seen

        judge.requires_grad_(False)
        self._optimiser.zero_grad()
        output = self.networks["restorer"](x)
        real = judged(y).detach() if generator_compares(gan) else None
        loss = self._compare(output, y) + self._second.weight * generator_loss(gan, real, judged(output))
        loss.backward()
        self._optimiser.step()
        judge.requires_grad_(True)
        self._judge_optimiser.zero_grad()
        judging = discriminator_loss(gan, judged(y), judged(output.detach()))
        judging.backward()
        self._judge_optimiser.step()
        return {"loss": loss.item(), "judging": judging.item()}

    def _cycle(self, x: Tensor, y: Tensor) -> dict[str, float]:
        assert self._second is not None and self._recipe.cycle is not None  # noqa: S101
        gan, settings, nets = self._second.gan, self._recipe.cycle, self.networks
        there, back = nets["restorer"], nets["backward"]
        judges = nets["discriminator"], nets["backward_discriminator"]
        for judge in judges:
            judge.requires_grad_(False)
        self._optimiser.zero_grad()
        fake_y, fake_x = there(x), back(y)
        loss = generator_loss(gan, None, judges[0](fake_y)) + generator_loss(gan, None, judges[1](fake_x))
        loss = loss + settings.weight * (F.l1_loss(back(fake_y), x) + F.l1_loss(there(fake_x), y))
        if settings.identity:
            same = F.l1_loss(there(y), y) + F.l1_loss(back(x), x)
            loss = loss + settings.weight * settings.identity * same
        loss.backward()
        self._optimiser.step()
        self._judge_optimiser.zero_grad()
        judging = x.new_zeros(())
        for judge, real, fake, pool in zip(judges, (y, x), (fake_y, fake_x), self._pools, strict=True):
            judge.requires_grad_(True)
            judging = judging + discriminator_loss(gan, judge(real), judge(_pooled(pool, fake.detach())))
        judging.backward()
        self._judge_optimiser.step()
        return {"loss": loss.item(), "judging": judging.item()}

    def _diffusion(self, x: Tensor, y: Tensor) -> dict[str, float]:  # noqa: ARG002
        assert self._recipe.diffusion is not None  # noqa: S101
        self._optimiser.zero_grad()
        x_0 = signed(y)
        t = torch.randint(self._recipe.diffusion.timesteps, (len(y),), device=y.device)
        noise = torch.randn_like(x_0)
        predicted = self.networks["restorer"](self._forward.noised(x_0, noise, t), t)
        loss = self._compare(predicted, self._forward.wanted(x_0, noise, t))
        loss.backward()
        self._optimiser.step()
        return {"loss": loss.item()}


def batches(recipe: Recipe, folder: Path) -> Iterator[Batch]:
    """Endless batches of a DataLoader with its default settings."""
    return iter(DataLoader(Pieces(recipe, folder), recipe.train.batch, shuffle=True))


def _adam(settings: Optimiser, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    kind = torch.optim.Adam if settings.name == "adam" else torch.optim.AdamW
    return kind(parameters, settings.lr, betas=settings.betas, weight_decay=settings.weight_decay)


def _pooled(pool: list[Tensor], images: Tensor, most: int = 50) -> Tensor:
    """CycleGAN's pool of earlier outputs."""
    found = []
    for image in images:
        if len(pool) < most:
            pool.append(image)
            found.append(image)
        elif _RANDOM.random() < 0.5:
            found.append(image)
        else:
            place = int(_RANDOM.integers(most))
            found.append(pool[place])
            pool[place] = image
    return torch.stack(found)
