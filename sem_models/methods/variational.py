"""dSRVAE (Liu et al., CVPR Workshops 2020): denoise by a variational autoencoder, then enlarge without pairs.

Stage 1 learns from (degraded, clean) pairs at low resolution. Stage 2 never compares an output with its own target: the
downsampled output must match the clean input, the enlarged clean and the enlarged denoised image must agree, and a
discriminator compares outputs with sharp patches of other fields. Deviation from the released code: there the
perceptual features were detached and gave no gradient; here they give one.
"""

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.config.networks.table import capabilities
from sem_models.config.recipe import Recipe
from sem_models.config.training import LossTerm
from sem_models.errors import UserError
from sem_models.losses.perceptual import deepest_features
from sem_models.methods.adversarial_losses import AdversarialLosses
from sem_models.methods.assembly import Assembly
from sem_models.methods.base import Batch, Method
from sem_models.methods.health import health
from sem_models.methods.objective import Objective
from sem_models.methods.stages import (
    ADVERSARIAL,
    ENCODER,
    RESTORER,
    Stage,
    image_discriminators,
    require_settings,
    two_stages,
)
from sem_models.networks.denoiser import TargetEncoder
from sem_models.physics.downsampling import downsample

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_KL_WEIGHT = 1e-3
"""The paper sums over pixels and codes; here L1 is a mean over pixels, so the divergence is scaled down to match."""
_DENOISING = (LossTerm(name="l1"),)
"""The only losses of the first stage: their balance with the divergence is part of the method."""


class Variational(Method):
    """Training of dSRVAE in two stages; the encoder exists in training only."""

    def __init__(self, recipe: Recipe, fabric: "Fabric") -> None:
        """Build networks and optimisers on the device of `fabric`; torch's seed must have been set."""
        settings = require_settings(recipe)
        latent = capabilities(recipe.network).latent
        if latent is None:
            raise TypeError(f"method variational needs a denoising stage; {recipe.network.kind} has none")
        self._degradation, self._perceptual = recipe.degradation, recipe.perceptual
        assembly = Assembly(fabric)
        self._restorer: Any = assembly.add_network(RESTORER, recipe)
        for name in ("enlarge", "clean", "denoise"):
            self._restorer.mark_forward_method(name)
        assembly.add(ENCODER, TargetEncoder(latent), recipe.optimiser)
        self._adversarial_losses = AdversarialLosses(recipe, assembly)
        self.networks, self.optimisers = assembly.networks, assembly.optimisers
        self._objective = Objective(recipe, settings.losses)
        self._output: Tensor | None = None
        self._clean: Tensor | None = None

    @classmethod
    def stages(cls, recipe: Recipe) -> tuple[Stage, ...]:
        """Return the denoising stage with the encoder, then the enlarging stage with a discriminator."""
        return two_stages(recipe, "denoise", (RESTORER, ENCODER), image_discriminators(recipe))

    @classmethod
    def check(cls, recipe: Recipe) -> None:
        """Raise a `UserError` for another network, other losses of the first stage, or a batch of one."""
        if capabilities(recipe.network).latent is None:
            raise UserError("Method variational trains dsrvae with its denoising stage; choose another method.")
        if recipe.losses != _DENOISING:
            terms = ", ".join(f"{term.name}={term.weight:g}" for term in recipe.losses)
            raise UserError(
                f"Method variational learns to denoise by l1=1 and a divergence, not by {terms}; leave losses as they "
                "are. The losses of the enlarging stage are adversarial.losses."
            )
        if recipe.train.batch < 2:
            raise UserError(
                "Method variational compares outputs with the other patches of the batch and needs at least 2; raise "
                "train.batch."
            )

    def training_step(self, batch: Batch, part: str, stage: Stage) -> dict[str, Tensor]:
        """Return weighted losses by name."""
        if stage.name != ADVERSARIAL:
            return self._denoise(batch["input"], self._small(batch["target"]), part)
        # A patch of another field: the discriminator learns what sharp images look like, not what this field shows.
        elsewhere = batch["target"].roll(1, dims=0)
        if part == RESTORER:
            return self._enlarge(batch["input"], self._small(batch["target"]), elsewhere)
        if self._output is None:
            raise RuntimeError("the generator must be updated before its discriminator")
        return self._adversarial_losses.discriminator_loss(part, self._output, elsewhere)

    def observations(self) -> dict[str, Tensor]:
        """Return the discriminators' mean probabilities and the health of the generator."""
        if self._output is None or self._clean is None:
            return {}
        # Not against patches of other fields, with which the correlation is near zero even in a sound training.
        return self._adversarial_losses.observations() | health(self._small(self._output), self._clean)

    def _small(self, sharp: Tensor) -> Tensor:
        return downsample(sharp, self._degradation.scale, self._degradation.downsampling)

    def _denoise(self, x: Tensor, clean: Tensor, part: str) -> dict[str, Tensor]:
        """Return L1 and, for the encoder, the Kullback-Leibler divergence of its codes from the standard normal."""
        features = deepest_features(self._perceptual).to(x.device)(clean)[0]
        mean, log_variance = self.networks[ENCODER](F.max_pool2d(features, 2))
        code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        if part == RESTORER:
            return {"denoise_l1": F.l1_loss(self._restorer.denoise(x, code.detach()), clean)}
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
        return {"code_l1": F.l1_loss(self._restorer.denoise(x, code), clean), "code_kl": _KL_WEIGHT * divergence}

    def _enlarge(self, x: Tensor, clean: Tensor, elsewhere: Tensor) -> dict[str, Tensor]:
        """Return the mean of two losses: downsampled output with clean input, and output with enlarged clean input."""
        denoised = self._restorer.clean(x).detach()
        output, from_clean = self._restorer.enlarge(denoised), self._restorer.enlarge(clean)
        below = self._objective.compare(self._small(output), clean)
        across = self._objective.compare(output, from_clean)
        losses = {name: (below[name] + across[name]) / 2 for name in below}
        self._output, self._clean = output.detach(), clean
        return losses | self._adversarial_losses.generator_loss(output, elsewhere)
