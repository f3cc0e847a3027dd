"""What a study is: what its author chose, and the key that says which picture is which."""

import secrets
from datetime import datetime
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from sem_models.config.frozen import Frozen
from sem_models.datasets.manifest import Split
from sem_models.errors import UserError

Question = Literal["pair", "single"]
"""`pair`: which of two pictures is real (two-alternative forced choice); of one field, or of two where the dataset is
unpaired. `single`: is this one real?"""
ItemKind = Literal["real", "generated", "wrecked"]
FEWEST_CATCH_TRIALS = 10
"""Fewer say little about whether a rater looked."""
REALISM = ("pores", "grain edges", "texture", "contrast")
"""What is usually asked of single pictures beside whether they are real."""


class StudySettings(Frozen):
    """What the author of a study chooses."""

    name: str = Field(min_length=1, max_length=80)
    author: str = ""
    models: tuple[str, ...] = Field(min_length=1)
    """As `resolve_model` takes them."""
    dataset: str
    split: Split = "test"
    questions: tuple[Question, ...] = Field(("pair",), min_length=1)
    trials: int = Field(40, ge=1, le=1000)
    """Without the catch trials; divided evenly over questions and models, single ones half real, half generated."""
    catch_trials: int = Field(FEWEST_CATCH_TRIALS, ge=0, le=200)
    """Trials that whoever looks gets right: the generated picture is a coarse mosaic."""
    crop_px: int = Field(128, ge=16, le=1024)
    """Edge of a picture in pixels of the dataset's sharp images."""
    realism: tuple[str, ...] = ()
    """Features of single pictures whose realism is rated 1 to 5."""
    baseline_scale: int = Field(4, ge=1, le=16)
    """Of baselines among the models."""
    seed: int = Field(default_factory=lambda: secrets.randbits(62), ge=0)
    """Secret: who knows it can tell from the opaque names what is real. Drawn at random unless a study is repeated."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for name in ("models", "questions", "realism"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name} names something twice")
        return self


class StudyDefinition(StudySettings):
    """A study that was made."""

    version: Literal[1] = 1
    created: datetime
    digest: str
    """Of the dataset."""
    labels: tuple[str, ...]
    """Names of the models, in their order: an alias may point elsewhere tomorrow."""
    runs: tuple[str | None, ...]
    """The training run of each; None for a baseline."""


class Item(Frozen):
    """One picture."""

    id: str
    """Opaque."""
    kind: ItemKind
    model: str | None
    """Label of the model that made it; None for real ones."""
    image: str
    """Entry of the dataset; of unpaired ones the source of a generated picture."""
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
    """One question; its pictures show the same field, but for unpaired datasets."""

    id: str
    question: Question
    catch: bool
    items: tuple[str, ...]
    """Two of a pair, in the order of their names, which is random; else one."""
    pixel_size_nm: float | None


class StudyKey(Frozen):
    """Which picture is which; raters never see it."""

    items: tuple[Item, ...]
    trials: tuple[Trial, ...]


def study_settings(**values: object) -> StudySettings:
    """Settings, or a `UserError` that names the first value that cannot be used."""
    try:
        return StudySettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "settings"
        raise UserError(f"Study: {place}: {first['msg']}; change it.") from error
