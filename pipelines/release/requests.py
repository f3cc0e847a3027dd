"""Requests that hand models on: register, export, serve."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from pipelines.model_ref import MODEL_HELP, STRENGTH_HELP, ModelField, RunField
from pipelines.names import AliasField, NewNameField, OutField
from pipelines.request import Request

ExportFormat = Literal["folder", "onnx", "bioimageio"]


class RegisterRequest(Request):
    """Make the best checkpoint of a run a registered model."""

    use_case: ClassVar[str] = "register"

    run: RunField = Field(description="A finished training; RUN_ID:backward for the backward generator of a CycleGAN.")
    name: NewNameField = Field(description="Name of the registered model.")
    alias: AliasField | None = Field(
        "champion", description="Alias that will point to this version, and no longer to an earlier one; empty: none."
    )


class PromoteRequest(Request):
    """Point an alias to a version of a registered model, and keep a record of it."""

    use_case: ClassVar[str] = "promote"

    model: ModelField = Field(description="The version: models:/NAME/VERSION, or models:/NAME@ALIAS of another alias.")
    alias: AliasField = Field(
        "champion", description="Alias that will point to this version, and no longer to an earlier one."
    )


RestorationTask = Literal["super-resolution", "denoising", "refocusing"]


class ImportRequest(Request):
    """Register a model that was trained elsewhere."""

    use_case: ClassVar[str] = "import"

    file: Path = Field(
        description="Weights (.safetensors, .pth, .pt, .ckpt) of a published network, or a BioImage.IO package (.zip)."
    )
    name: NewNameField = Field(description="Name of the registered model.")
    alias: AliasField | None = Field("champion", description="Alias that will point to this version; empty: none.")
    task: RestorationTask | None = Field(
        None,
        description="What the model does; by default super-resolution if it enlarges, else denoising. The task decides "
        "which simulated inputs and baselines the model is scored with.",
    )
    licence: str = Field(
        "", description="Licence of the weights, as their authors state it; by default what a package states."
    )


class ExportRequest(Request):
    """Write a model for other programs."""

    use_case: ClassVar[str] = "export"

    model: ModelField = Field(description=MODEL_HELP)
    format: ExportFormat = Field(description="folder (for `sem_models.load_model`), onnx or bioimageio.")
    out: OutField = Field(description="File or folder to write.")
    strength_px: float | None = Field(None, ge=0, description=STRENGTH_HELP)


class ServeRequest(Request):
    """Answer requests over HTTP."""

    use_case: ClassVar[str] = "serve"

    model: ModelField = Field(description=MODEL_HELP)
    port: int = Field(5001, ge=1, le=65535, description="Port.")
    host: str = Field(
        "127.0.0.1", description="Address to listen on; one that others can reach needs a token in SEM_SERVE_TOKEN."
    )
    workers: int = Field(1, ge=1, le=64, description="Processes, each with the model; they share the processors.")
    time_limit_s: int = Field(60, ge=1, le=3600, description="Seconds after which a request is given up.")
