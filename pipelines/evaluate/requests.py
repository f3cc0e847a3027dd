"""What can be asked about how good models are."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from pipelines.model_ref import MODEL_HELP, SCALE_HELP, ModelField
from pipelines.request import Request
from sem_models.datasets.manifest import Split

_SPLIT = "Part of the dataset."
_SYNTHESISER = "Model of task synthesis: run id, models:/NAME@ALIAS or models:/NAME/VERSION."


class EvaluateRequest(Request):
    """Score a model and its baselines on whole images of a split."""

    use_case: ClassVar[str] = "evaluate"

    model: ModelField = Field(description=MODEL_HELP)
    dataset: str = Field(description="Name of a prepared dataset.")
    split: Split = Field("test", description=_SPLIT)
    scale: int = Field(4, ge=1, le=16, description=SCALE_HELP)
    changes: tuple[str, ...] = Field(
        (), description="degradation.KEY=VALUE: inputs made in another way, e.g. degradation.blur.size_px=3,3."
    )
    """Such a table is stored beside the one on inputs as in training, and leaves the run's metrics alone."""


class CompareRequest(Request):
    """Put evaluated runs side by side."""

    use_case: ClassVar[str] = "compare"

    run_ids: tuple[str, ...] = Field(
        (), description="Ids of evaluated runs; RUN_ID:backward for the way back of a CycleGAN."
    )
    experiment: str | None = Field(None, description="All runs of this experiment.")
    reference: str | None = Field(None, description="Run that the others are paired with; the best if not given.")
    metric: str | None = Field(None, description="By which the best is chosen; psnr_db if not given.")


class NoReferenceRequest(Request):
    """Look at what a restoration removed from an image that has no clean reference."""

    use_case: ClassVar[str] = "judge"

    model: ModelField = Field(description=MODEL_HELP)
    file: Path = Field(description="A noisy image.")
    second: Path | None = Field(None, description="Another frame of the same field, noisy too.")


class DiscriminateRequest(Request):
    """Train fresh classifiers to tell generated from real images."""

    use_case: ClassVar[str] = "discriminate"

    models: tuple[ModelField, ...] = Field(
        min_length=1, description="Run ids, RUN_ID:backward, models:/NAME@ALIAS or baselines; the same test for all."
    )
    dataset: str = Field(description="Name of a prepared dataset.")
    splits: tuple[Split, ...] = Field(
        ("val", "test"), min_length=1, description="Whose images are looked at; may be repeated."
    )
    """None that the generator learned from unless you know why. An unpaired dataset needs no truth: what models make of
    its first domain is compared with real images of the second."""
    training_images: bool = Field(
        False, description="The classifiers also learn from the training split; where there are few groups."
    )
    steps: int = Field(200, ge=1, description="Training steps of each classifier.")
    patch_px: int = Field(64, ge=16, description="Edge of the patches in px.")


class ConsistencyRequest(Request):
    """Draw masks, find them again in the drawings, and compare with what is found in real images."""

    use_case: ClassVar[str] = "consistency"

    synthesiser: ModelField = Field(description=_SYNTHESISER)
    segmenter: ModelField = Field(description="Segmentation model that was trained on real images.")
    dataset: str = Field(description="Name of a masked dataset.")
    split: Split = Field("test", description=_SPLIT)


class RoundTripRequest(Request):
    """Translate images with one model and back with another."""

    use_case: ClassVar[str] = "round-trip"

    there: ModelField = Field(description=MODEL_HELP)
    back: ModelField = Field(description=MODEL_HELP)
    dataset: str = Field(description="A prepared dataset; its first domain is translated.")
    split: Split = Field("test", description=_SPLIT)


class DownstreamRequest(Request):
    """Train a segmentation on real, synthetic and both, and test each on the same real images."""

    use_case: ClassVar[str] = "downstream"

    synthesiser: ModelField = Field(description=_SYNTHESISER)
    dataset: str = Field(description="Name of a masked dataset of real images.")
    recipe: str = Field("unet-segment-small", description="Recipe of task segmentation.")
    seeds: int = Field(1, ge=1, description="Networks for each training set; 3 show what chance does.")
    changes: tuple[str, ...] = Field((), description="KEY=VALUE of the recipe, for example train.steps=200.")
