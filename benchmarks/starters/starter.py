"""What a starter model needs beside its weights: the words of its card, and its measurement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sem_models.starters.card import CardScore


@dataclass(frozen=True)
class Words:
    """What the card says about a model in words."""

    summary: str
    limits: str
    suits: str
    does_not: tuple[str, ...]
    simulations: str = "60 simulated specimens without noise (phantoms and lattices of this program)."


@dataclass(frozen=True)
class Measured:
    """What the card says in numbers."""

    scores: tuple[CardScore, ...]
    harm: str
    trust: Mapping[str, Any] = field(default_factory=dict)
    """Fields about input check, standard deviation and pictures."""
