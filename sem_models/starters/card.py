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


class CardPicture(Frozen):
    """A picture of what a model did to an image of our own simulation, beside the card."""

    file: str
    caption: str


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
    check: str = ""
    """How well its input check tells other kinds of images, and how often it warns in vain."""
    doubt: str = ""
    """How often the truth lies within the standard deviation that it states."""
    pictures: tuple[CardPicture, ...] = ()
    """Its best, a typical and its worst restoration of simulated specimens that it did not learn from."""


def card_text(card: Card) -> str:
    """Write a card in Markdown, for folders and packages that carry the model elsewhere."""
    scores = [
        f"| {score.inputs} | {score.psnr_db:.2f} | {score.gain_db:+.2f} [{score.lo_db:+.2f}, {score.hi_db:+.2f}] over "
        f"{score.baseline} | {score.specimens} |"
        for score in card.scores
    ]
    learned = [
        f"- {own.name}, {own.source}, {own.licence}: {own.specimens} specimens, {own.images} images"
        for own in card.learned_from
    ]
    parts = {
        "For": [card.suits],
        "Not for": [f"- {one}" for one in card.does_not],
        "Scores": [
            "| input | PSNR (dB) | gain (dB), 95 % interval over specimens | specimens |",
            "|---|---|---|---|",
            *scores,
        ],
        "On other images": [text for text in (card.harm, card.check) if text],
        "Standard deviation": [card.doubt] if card.doubt else [],
        "Learned from": [*learned, f"- {card.simulations}"],
        "Made by": [f"`{card.command}`: recipe {card.recipe}, seed {card.seed}, {card.steps} steps."],
        "Pictures": [f"![{one.caption}]({one.file})\n\n{one.caption}\n" for one in card.pictures],
        "Licence": [card.licence],
    }
    body = "\n\n".join(f"## {title}\n\n" + "\n".join(lines) for title, lines in parts.items() if lines)
    return f"# starter:{card.name}, version {card.version}\n\n{card.summary}. {card.limits}.\n\n{body}\n"
