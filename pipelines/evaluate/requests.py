"""Requests that evaluate models."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from pipelines.model_ref import BACKEND_HELP, MODEL_HELP, SCALE_HELP, STRENGTH_HELP, ModelField
from pipelines.names import DatasetField, RunIdField, RunIdsField
from pipelines.request import Request
from sem_models.config.backend import BackendChoice
from sem_models.datasets.manifest import Split

_SPLIT = "Split of the dataset."
_SYNTHESISER = "Synthesis model: run id, models:/NAME@ALIAS or models:/NAME/VERSION."


class EvaluateRequest(Request):
    """Score a model and its baselines on whole images of a split."""

    use_case: ClassVar[str] = "evaluate"

    model: ModelField = Field(description=MODEL_HELP)
    dataset: DatasetField = Field(description="Name of a prepared dataset.")
    split: Split = Field("test", description=_SPLIT)
    scale: int = Field(4, ge=1, le=16, description=SCALE_HELP)
    changes: tuple[str, ...] = Field(
        (), description="degradation.KEY=VALUE: simulate the inputs in another way, e.g. degradation.blur.size_px=3,3."
    )
    """The scores are then stored beside those on inputs as in training, and the run's metrics stay as they are."""
    strength_px: float | None = Field(None, ge=0, description=STRENGTH_HELP)
    """Scores of another strength than the default are stored beside the others in the same way."""
    backend: BackendChoice = Field("auto", description=BACKEND_HELP)


class CompareRequest(Request):
    """Compare evaluated runs side by side."""

    use_case: ClassVar[str] = "compare"

    run_ids: RunIdsField = Field(
        (), description="Ids of evaluated runs; RUN_ID:backward for the backward generator of a CycleGAN."
    )
    experiment: str | None = Field(None, description="All runs of this experiment.")
    reference: RunIdField | None = Field(
        None, description="Run that the others are compared with; by default the best."
    )
    metric: str | None = Field(None, description="Metric by which the best run is chosen; psnr_db by default.")


class GalleryRequest(Request):
    """Compute one test image through every method of a comparison, to look at."""

    use_case: ClassVar[str] = "gallery"

    run_ids: RunIdsField = Field(
        min_length=1, description="Ids of evaluated runs; RUN_ID:backward for the backward generator of a CycleGAN."
    )
    image: str = Field(description="Name of the test image, as in the scores of each image.")


class NoReferenceRequest(Request):
    """Score what a restoration removed from an image that has no clean reference."""

    use_case: ClassVar[str] = "judge"

    model: ModelField = Field(description=MODEL_HELP)
    file: Path = Field(description="Noisy image.")
    second: Path | None = Field(None, description="Second noisy frame of the same field.")


class DiscriminateRequest(Request):
    """Train fresh classifiers to tell generated from real images."""

    use_case: ClassVar[str] = "discriminate"

    models: tuple[ModelField, ...] = Field(
        min_length=1, description="Run ids, RUN_ID:backward, models:/NAME@ALIAS or baselines; all get the same test."
    )
    dataset: DatasetField = Field(description="Name of a prepared dataset.")
    splits: tuple[Split, ...] = Field(("val", "test"), min_length=1, description="Splits whose images are tested.")
    """Leave out splits that the generator learned from, unless you know why. An unpaired dataset needs no truth:
    outputs for its first domain are compared with real images of the second."""
    training_images: bool = Field(
        False, description="Let the classifiers also learn from the training split, where there are few groups."
    )
    steps: int = Field(200, ge=1, description="Training steps of each classifier.")
    patch_px: int = Field(64, ge=16, description="Edge of the patches in px.")


class MaskConsistencyRequest(Request):
    """Draw images from masks, segment them, and compare the result with that on real images."""

    use_case: ClassVar[str] = "consistency"

    synthesiser: ModelField = Field(description=_SYNTHESISER)
    segmenter: ModelField = Field(description="Segmentation model that was trained on real images.")
    dataset: DatasetField = Field(description="Name of a masked dataset.")
    split: Split = Field("test", description=_SPLIT)


class RoundTripRequest(Request):
    """Translate images with one model and back with another."""

    use_case: ClassVar[str] = "round-trip"

    there: ModelField = Field(description=MODEL_HELP)
    back: ModelField = Field(description=MODEL_HELP)
    dataset: DatasetField = Field(description="A prepared dataset; its first domain is translated.")
    split: Split = Field("test", description=_SPLIT)


class DownstreamRequest(Request):
    """Train segmentations on real, synthetic and both kinds of images, and test each on the same real images."""

    use_case: ClassVar[str] = "downstream"

    synthesiser: ModelField = Field(description=_SYNTHESISER)
    dataset: DatasetField = Field(description="Name of a masked dataset of real images.")
    recipe: str = Field("unet-segment-small", description="Recipe of task segmentation.")
    seeds: int = Field(
        1, ge=1, description="Networks trained on each set, with different seeds; 3 show the effect of chance."
    )
    changes: tuple[str, ...] = Field((), description="KEY=VALUE of the recipe, for example train.steps=200.")
