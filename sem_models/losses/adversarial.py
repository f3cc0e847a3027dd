"""Adversarial losses: binary cross-entropy (Goodfellow et al., 2014), its relativistic average form, least squares.

`real` and `fake` are outputs of a discriminator, float tensors of the same shape. They are logits or, for least squares
(LSGAN; Mao et al., ICCV 2017), direct estimates of the targets 1 for real and 0 for fake. All functions return scalars.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.config.training import GanKind


def discriminator_loss(gan: GanKind, real: Tensor, fake: Tensor) -> Tensor:
    """Compute the loss of the discriminator: half the sum of the losses of real against 1 and fake against 0."""
    if gan == "lsgan":
        return (_squares(real, 1.0) + _squares(fake, 0.0)) / 2
    if gan == "relativistic":
        real, fake = real - fake.mean(), fake - real.mean()
    return (_cross_entropy(real, 1.0) + _cross_entropy(fake, 0.0)) / 2


def generator_compares(gan: GanKind) -> bool:
    """Return whether the loss of the generator depends on the discriminator's output for real images."""
    return gan == "relativistic"


def generator_loss(gan: GanKind, real: Tensor | None, fake: Tensor) -> Tensor:
    """Compute the loss of the generator: fake against 1 (non-saturating).

    The relativistic form averages it with the loss of real against 0 (Wang et al., ESRGAN, 2018, equation 2). The other
    forms do not read `real`, which may then be None.

    Raises:
        ValueError: The relativistic form without `real`.
    """
    if gan == "lsgan":
        return _squares(fake, 1.0)
    if gan == "bce":
        return _cross_entropy(fake, 1.0)
    if real is None:
        raise ValueError("a relativistic generator is compared with real images")
    return (_cross_entropy(real - fake.mean(), 0.0) + _cross_entropy(fake - real.mean(), 1.0)) / 2


def probabilities(gan: GanKind, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """Compute the mean probability, in [0, 1], that the discriminator assigns to `real` and to `fake` being real.

    Relativistic: the probability of being more real than the mean of the other kind, because a logit of zero has no
    meaning there. Least squares: the outputs themselves, clipped to [0, 1].
    """
    if gan == "lsgan":
        return {"real": real.clamp(0, 1).mean(), "fake": fake.clamp(0, 1).mean()}
    if gan == "relativistic":
        real, fake = real - fake.mean(), fake - real.mean()
    return {"real": torch.sigmoid(real).mean(), "fake": torch.sigmoid(fake).mean()}


def _squares(marks: Tensor, label: float) -> Tensor:
    return F.mse_loss(marks, torch.full_like(marks, label))


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
