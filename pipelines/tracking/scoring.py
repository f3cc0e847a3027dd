"""How the scoring server is started."""

from pathlib import Path

from mlflow.pyfunc.scoring_server import get_cmd

MOST_BODY_BYTES = 96 * 2**20
"""Largest body of a request: a TIFF file of 4096 x 4096 pixels in 32 bit, as base64."""
APPLICATION = "pipelines.tracking.scoring_app:app"


def scoring_environment(model: Path) -> dict[str, str]:
    """Return the environment in which MLflow's scoring server finds the model in a folder."""
    _, environment = get_cmd(str(model))
    return dict(environment)
