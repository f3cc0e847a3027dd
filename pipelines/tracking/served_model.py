"""The code of every registered model: images in, restored images out, native dtype, pixel size and facts kept.

MLflow stores this file and runs it where the model is loaded; beside it lie safetensors weights, the recipe and the
package as it was.
"""

import os
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import DEADLINE_EXCEEDED
from mlflow.pyfunc import PythonModel  # type: ignore[attr-defined]

_TIME_LIMIT = "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT"
"""How MLflow tells its scoring server the seconds of a request; absent where a model is used without a server."""


class ServedModel(PythonModel):
    """A model whose input and output have one column `image`: base64 texts of files, or nested lists of numbers."""

    def load_context(self, context: Any) -> None:
        """Load the weights that were registered."""
        from sem_models.serving import load_served

        folder = Path(context.artifacts["weights"]).parent
        self._model = load_served(folder, (context.model_config or {}).get("run_id", ""))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Restore each image of the column; `sem_models.serving.Options` describes the parameters."""
        from sem_models.errors import UserError
        from sem_models.serving import TimeOver

        limit = os.environ.get(_TIME_LIMIT)
        try:
            rows = self._model.answer(_images(model_input), params or {}, float(limit) if limit else None)
        except UserError as error:
            # MLflow answers with status 400 and the reason; other errors would end in a traceback.
            raise MlflowException.invalid_parameter_value(str(error)) from error
        except TimeOver as error:
            raise MlflowException(str(error), DEADLINE_EXCEEDED) from error
        return pd.DataFrame(rows)


def _images(model_input: pd.DataFrame) -> list[Any]:
    """List the cells of the column; from `{"inputs": ["TEXT", ...]}` MLflow makes a single cell of all texts."""
    cells = list(model_input["image"])
    listed = len(cells) == 1 and isinstance(cells[0], list) and all(isinstance(item, str) for item in cells[0])
    return cells[0] if listed else cells


set_model(ServedModel())
