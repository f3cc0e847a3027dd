"""The code of every registered model: base64 TIFF in, base64 TIFF out, native dtype and pixel size kept.

MLflow stores this file and runs it where the model is loaded; beside it lie safetensors weights, the recipe and the
package as it was.
"""

import base64
import binascii
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class ServedModel(PythonModel):
    """A model whose input and output have one column `image` of base64 texts."""

    def load_context(self, context: Any) -> None:
        """Load the weights that were registered."""
        from sem_models.serving import load_served

        folder = Path(context.artifacts["weights"]).parent
        self._restore = load_served(folder, (context.model_config or {}).get("run_id", ""))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Restore each image of the column; the parameter `strength_px` exists where a model can be told the blur."""
        from sem_models.errors import UserError

        try:
            images = [base64.b64decode(text, validate=True) for text in model_input["image"]]
            files = [self._restore(image, **(params or {})) for image in images]
        except (UserError, binascii.Error) as error:
            # MLflow answers with status 400 and the reason; other errors would end in a traceback.
            raise MlflowException.invalid_parameter_value(str(error)) from error
        return pd.DataFrame({"image": [base64.b64encode(file).decode("ascii") for file in files]})


set_model(ServedModel())
