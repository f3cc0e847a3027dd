"""The card of a starter model: what it learned from, what it reached, and what it is not for."""

from sem_models.config.frozen import Frozen

CARD = "card.json"


class LearnedSet(Frozen):
    """Published images that a model learned from, or was validated on."""

    name: str
    source: str
    """Where they are published."""
    licence: str
    specimens: int
    images: int


class CardScore(Frozen):
    """A score on images of specimens that the model never saw, beside the best method without training."""

    inputs: str
    """What was restored, for instance the dose."""
    psnr_db: float
    baseline: str
    gain_db: float
    """Mean difference from that baseline over images."""
    lo_db: float
    hi_db: float
    """Its 95 % interval over specimens."""
    specimens: int


class Card(Frozen):
    """Everything that a person needs to decide whether a starter model is for an image."""

    name: str
    version: int
    summary: str
    limits: str
    """One sentence, which every output file states."""
    suits: str
    """Instruments, doses and defects that it learned."""
    does_not: tuple[str, ...]
    learned_from: tuple[LearnedSet, ...]
    simulations: str
    recipe: str
    seed: int
    steps: int
    command: str
    """Makes the model again."""
    licence: str
    scores: tuple[CardScore, ...]
    harm: str
    """What it did to images of sets that it did not learn from."""
