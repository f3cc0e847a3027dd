"""The scoring server in a thread of the test, with the halving model behind it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pandas as pd
import uvicorn
from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType

from pipelines.tracking.scoring_app import Scoring, answers
from pipelines.tracking.scoring_gate import Gate
from sem_models.errors import UserError
from sem_models.serving import ServedModel
from tests.support.halving import halving


class _Loaded:
    """What MLflow makes of the stored model, without the store."""

    metadata = SimpleNamespace(
        get_input_schema=lambda: Schema([ColSpec(AnyType(), "image")]),
        get_params_schema=lambda: ParamSchema(
            [
                ParamSpec("databar", "string", "keep"),
                ParamSpec("self_ensemble", "boolean", False),
                ParamSpec("standard_deviation", "boolean", False),
            ]
        ),
    )

    def __init__(self) -> None:
        self._model = ServedModel(halving())

    def predict(self, data: Any, params: dict[str, Any]) -> pd.DataFrame:
        try:
            return pd.DataFrame(self._model.answer(list(data["image"]), params))
        except UserError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error


@contextlib.contextmanager
def scoring_server(token: str = "") -> Iterator[str]:
    """Serve while the block runs; yields the address."""
    gate = Gate(Scoring(answers(_Loaded()), 30).app, token)
    server = uvicorn.Server(uvicorn.Config(gate, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
