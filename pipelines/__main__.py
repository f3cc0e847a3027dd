"""`python -m pipelines COMMAND`: every use case on the command line."""

from pipelines.cli import (
    compare,
    data,
    discriminate,
    judge,
    models,
    noise,
    simulate,
    study,
    synthesis,
    training,
    worth,
)
from pipelines.cli.app import app

__all__ = [
    "compare",
    "data",
    "discriminate",
    "judge",
    "models",
    "noise",
    "simulate",
    "study",
    "synthesis",
    "training",
    "worth",
]

if __name__ == "__main__":
    app()
