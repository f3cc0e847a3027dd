"""`python -m pipelines COMMAND`: every use case on the command line."""

from pipelines.cli import compare, data, judge, models, noise, simulate, synthesis, training
from pipelines.cli.app import app

__all__ = ["compare", "data", "judge", "models", "noise", "simulate", "synthesis", "training"]

if __name__ == "__main__":
    app()
