"""The code of every registered model: base64 TIFF in, base64 TIFF out, native dtype and pixel size kept.

MLflow stores this file and runs it where the model is loaded; beside it lie safetensors weights and the recipe.
"""

import base64
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class ServedModel(PythonModel):
    """One column `image` of base64 texts, in and out."""

    def load_context(self, context: Any) -> None:
        """Load the weights that were registered."""
        from sem_models.inference.predictor import Predictor, choose_device
        from sem_models.model import load_model

        folder = Path(context.artifacts["weights"]).parent
        self._predictor = Predictor(load_model(folder, choose_device()))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Restore each image of the column."""
        return pd.DataFrame({"image": [self._restore(text) for text in model_input["image"]]})

    def _restore(self, text: str) -> str:
        from sem_models.images.write import decode_tiff, encode_tiff
        from sem_models.inference.label_maps import apply_model

        result = apply_model(self._predictor, decode_tiff(base64.b64decode(text, validate=True), "request.tif"))
        return base64.b64encode(encode_tiff(result)).decode("ascii")


set_model(ServedModel())
