"""What a study is: the choices of its author, and the key that says which picture is which."""

import secrets
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from pipelines.model_ref import ModelField
from pipelines.names import DatasetField, TitleField
from pipelines.request import Request
from sem_models.config.frozen import Frozen
from sem_models.datasets.manifest import Split
from sem_models.evaluation.report import MethodName

Question = Literal["pair", "single"]
"""`pair`: which of two pictures is real (two-alternative forced choice); of one field, or of two where the dataset is
unpaired. `single`: is this one real?"""
ItemKind = Literal["real", "generated", "wrecked"]
FEWEST_CATCH_TRIALS = 10
"""Fewer say little about whether a rater looked."""
REALISM = ("pores", "grain edges", "texture", "contrast")
"""What is usually asked of single pictures besides whether they are real."""


class StudyCreateRequest(Request):
    """What the author of a study chooses."""

    use_case: ClassVar[str] = "study-create"

    name: TitleField = Field(max_length=80, description="Name of the study.")
    author: str = Field("", description="Who makes the study.")
    models: tuple[ModelField, ...] = Field(
        min_length=1, description="Models to rate: run id, models:/... or baseline:..."
    )
    dataset: DatasetField = Field(description="Prepared dataset with real images to compare with.")
    split: Split = Field("test", description="Part of the dataset.")
    questions: tuple[Question, ...] = Field(
        ("pair",), min_length=1, description="pair: which of two pictures is real; single: whether one picture is real."
    )
    trials: int = Field(
        40, ge=1, le=1000, description="Number of trials besides the catch trials, divided over questions and models."
    )
    """Single pictures are half real, half generated."""
    catch_trials: int = Field(
        FEWEST_CATCH_TRIALS,
        ge=0,
        le=200,
        description="Trials that anyone who looks gets right: the generated picture is a coarse mosaic.",
    )
    crop_px: int = Field(128, ge=16, le=1024, description="Edge of a picture in pixels.")
    """Pixels of the dataset's sharp images."""
    realism: tuple[str, ...] = Field((), description="Feature of single pictures to grade from 1 to 5.")
    baseline_scale: int = Field(
        4,
        ge=1,
        le=16,
        validation_alias=AliasChoices("baseline_scale", "floor_scale"),
        description="Scale of baselines.",
    )
    """`floor_scale` in studies of earlier versions."""
    seed: int = Field(
        default_factory=lambda: secrets.randbits(62),
        ge=0,
        description="Secret and random by default: it tells which pictures are real. Give it only to repeat a study.",
    )

    @field_validator("models", "questions", "realism")
    @classmethod
    def _each_once(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(values)) != len(values):
            raise ValueError("something is named twice")
        return values


class StudyDefinition(StudyCreateRequest):
    """A study that was made."""

    # Those of earlier versions are not checked: they are only shown.
    name: str
    dataset: str
    version: Literal[1] = 1
    created: datetime
    digest: str
    """Content digest of the dataset."""
    labels: tuple[MethodName, ...]
    """Names of the models, in their order: an alias may point elsewhere tomorrow."""
    runs: tuple[str | None, ...]
    """The training run of each model; None for a baseline."""

    @model_validator(mode="before")
    @classmethod
    def _of_version_0_1(cls, values: Any) -> Any:
        """Accept what version 0.1 called the scale of baselines."""
        if isinstance(values, dict) and "floor_scale" in values:
            values = {"baseline_scale" if key == "floor_scale" else key: value for key, value in values.items()}
        return values


class Item(Frozen):
    """One picture."""

    id: str
    """Name that tells nothing about the picture."""
    kind: ItemKind
    model: MethodName | None
    """Label of the model that made it; None for real ones."""
    image: str
    """Entry of the dataset; for a generated picture of an unpaired dataset, its source."""
    row: int
    column: int
    """Upper left corner in the sharp image or in the output, px."""

    @property
    def is_real(self) -> bool:
        """Whether a microscope recorded it."""
        return self.model is None

    @property
    def is_wrecked(self) -> bool:
        """Whether it is the coarse mosaic of a catch trial."""
        return self.kind == "wrecked"


class Trial(Frozen):
    """One question; its pictures show the same field, unless the dataset is unpaired."""

    id: str
    question: Question
    catch: bool
    items: tuple[str, ...]
    """Two for a pair, in the order of their names, which is random; otherwise one."""
    pixel_size_nm: float | None


class StudyKey(Frozen):
    """Which picture is which; raters never see it."""

    items: tuple[Item, ...]
    trials: tuple[Trial, ...]
