"""Numbers with their nouns, as messages and pages write them."""


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, whose plural ends in s: `1 image`, `2 images`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
