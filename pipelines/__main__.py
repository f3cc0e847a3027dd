"""`python -m pipelines COMMAND`: every use case on the command line."""

from pipelines.cli import backup, dashboard, data, evaluate, lab, predict, release, study, train, upkeep
from pipelines.cli.app import app

__all__ = ["app", "backup", "dashboard", "data", "evaluate", "lab", "predict", "release", "study", "train", "upkeep"]

if __name__ == "__main__":
    app()
