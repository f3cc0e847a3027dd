"""`python -m pipelines COMMAND`: every use case on the command line."""

from pipelines.cli import (
    compare,
    dashboard,
    data,
    discriminate,
    judge,
    models,
    noise,
    simulate,
    study,
    synthesis,
    training,
)
from pipelines.cli import synthesis_evaluation as worth
from pipelines.cli.app import app

__all__ = [
    "compare",
    "dashboard",
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
