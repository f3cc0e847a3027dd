"""The vocabulary of acquisition facts as a table."""

from sem_models.images.facts import FACTS


def table() -> str:
    """Name, meaning and unit of each fact that a file may carry."""
    rows = [f"| `{name}` | {kind.meaning} | {kind.unit} |" for name, kind in FACTS.items()]
    return "\n".join(["| fact | what it is | unit |", "|---|---|---|", *rows])
