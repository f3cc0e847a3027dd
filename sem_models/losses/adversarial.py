"""Adversarial losses on logits: binary cross-entropy (Goodfellow et al., 2014) and its relativistic average form.

`real` and `fake` are logits of any one shape; all return a scalar.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

GanKind = Literal["bce", "relativistic"]


def discriminator_loss(kind: GanKind, real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises: real to 1, fake to 0; half of the sum of both."""
    if kind == "relativistic":
        real, fake = real - fake.mean(), fake - real.mean()
    return (_cross_entropy(real, 1.0) + _cross_entropy(fake, 0.0)) / 2


def generator_loss(kind: GanKind, real: Tensor, fake: Tensor) -> Tensor:
    """What the generator minimises: fake to 1 (not saturating); relativistic besides real to 0 (ESRGAN, eq. 2)."""
    if kind == "bce":
        return _cross_entropy(fake, 1.0)
    return (_cross_entropy(real - fake.mean(), 0.0) + _cross_entropy(fake - real.mean(), 1.0)) / 2


def probabilities(kind: GanKind, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """What the discriminator believes, mean over patches: that real and fake ones are real.

    Relativistic: that they are more real than the mean of the others, as the zero of its logits means nothing.
    """
    if kind == "relativistic":
        real, fake = real - fake.mean(), fake - real.mean()
    return {"real": torch.sigmoid(real).mean(), "fake": torch.sigmoid(fake).mean()}


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
