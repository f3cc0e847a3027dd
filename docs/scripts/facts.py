"""Table of the acquisition facts that files can carry."""

from sem_models.images.facts import FACTS


def table() -> str:
    """Name, meaning and unit of each fact."""
    rows = [f"| `{name}` | {kind.meaning} | {kind.unit} |" for name, kind in FACTS.items()]
    return "\n".join(["| fact | meaning | unit |", "|---|---|---|", *rows])
