"""Adversarial losses: binary cross-entropy (Goodfellow et al., 2014), its relativistic average form, least squares.

`real` and `fake` are what a discriminator gives, of any one shape: logits, or for least squares (LSGAN; Mao et al.,
ICCV 2017) the marks 1 for real and 0 for fake themselves. All return a scalar.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from sem_models.config.training import GanKind


def discriminator_loss(gan: GanKind, real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises: real to 1, fake to 0; half of the sum of both."""
    if gan == "lsgan":
        return (_squares(real, 1.0) + _squares(fake, 0.0)) / 2
    if gan == "relativistic":
        real, fake = real - fake.mean(), fake - real.mean()
    return (_cross_entropy(real, 1.0) + _cross_entropy(fake, 0.0)) / 2


def generator_loss(gan: GanKind, real: Tensor, fake: Tensor) -> Tensor:
    """What the generator minimises: fake to 1 (not saturating); relativistic besides real to 0 (ESRGAN, eq. 2)."""
    if gan == "lsgan":
        return _squares(fake, 1.0)
    if gan == "bce":
        return _cross_entropy(fake, 1.0)
    return (_cross_entropy(real - fake.mean(), 0.0) + _cross_entropy(fake - real.mean(), 1.0)) / 2


def probabilities(gan: GanKind, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """What the discriminator believes, mean over patches: that real and fake ones are real.

    Relativistic: that they are more real than the mean of the others, as the zero of its logits means nothing.
    Least squares: the marks themselves, those beyond 0 and 1 cut.
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
