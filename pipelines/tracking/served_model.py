"""The code of every registered model: base64 TIFF in, base64 TIFF out, native dtype and pixel size kept.

A model of several inputs takes them as the pages of one TIFF, in the order in which `prepare` was given their folders.
Channels of one page are taken for one camera's: beyond 8 bit they have limits in common.

MLflow stores this file and runs it where the model is loaded; beside it lie safetensors weights and the recipe.
"""

import base64
from dataclasses import replace
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
        from sem_models.inference.storage import load_model

        folder = Path(context.artifacts["weights"]).parent
        run_id = (context.model_config or {}).get("run_id", "")
        self._predictor = Predictor(replace(load_model(folder, choose_device()), run_id=run_id))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Restore each image of the column."""
        return pd.DataFrame({"image": [self._restore(text) for text in model_input["image"]]})

    def _restore(self, text: str) -> str:
        from sem_models.images.io.uploads import decode_stack
        from sem_models.images.io.write import encode_tiff
        from sem_models.tasks.models import apply_model, file_channels

        wanted = file_channels(self._predictor.model)
        result = apply_model(self._predictor, decode_stack(base64.b64decode(text, validate=True), wanted))
        return base64.b64encode(encode_tiff(result)).decode("ascii")


set_model(ServedModel())
