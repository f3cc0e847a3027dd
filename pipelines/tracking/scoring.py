"""How the scoring server is started, and its limits."""

import os
from pathlib import Path

MOST_BODY_BYTES = 96 * 2**20
"""Largest body of a request: a TIFF file of 4096 x 4096 pixels in 32 bit, as base64."""
MOST_HELD_BYTES = 4 * MOST_BODY_BYTES
"""Of bodies that one worker holds at the same time; further requests wait."""
MOST_REQUESTS = 64
"""Of requests that one worker has in hand, those that wait included; further ones are sent away at once."""
MOST_CONNECTIONS = 8 * MOST_REQUESTS
"""Of one worker, those of refused requests included; requests on further ones are answered with status 503."""
MOST_JSON_VALUES = 2**22
"""Largest number of values in a body: an image of 2048 x 2048 numbers, each of which Python holds in up to 32 bytes."""
APPLICATION = "pipelines.tracking.scoring_app:served"
TOKEN = "SEM_SERVE_TOKEN"  # noqa: S105  (its name)
"""Environment variable with the secret that clients must send; without it only this machine is answered."""
MODEL = "SEM_SERVED_MODEL"
"""Environment variable with the folder of the MLflow model."""
TIME_LIMIT = "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT"
"""Environment variable of MLflow with the seconds of a request."""
PICKLES = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"


def scoring_environment(model: Path, time_limit_s: int, workers: int) -> dict[str, str]:
    """Return the environment in which the scoring server finds its model; workers share the processors."""
    processors = os.cpu_count() or 1
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, processors // workers))
    return {
        **os.environ,
        MODEL: str(model),
        TIME_LIMIT: str(time_limit_s),
        PICKLES: "false",
        "OMP_NUM_THREADS": threads,
    }
