"""Requests about data: prepare a dataset, simulate one, measure the noise of an instrument."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from pipelines.names import DatasetField
from pipelines.request import Request
from sem_models.datasets.preparation.options import PrepareOptions
from sem_models.errors import FieldRef, UserError
from sem_models.names import new_name


class DatasetName(Request):
    """A request that makes a named dataset."""

    name: str = Field(description="Name of the dataset.")

    @field_validator("name")
    @classmethod
    def _is_a_folder_name(cls, name: str) -> str:
        return new_name(name)


class PrepareRequest(PrepareOptions, DatasetName):
    """Turn raw micrographs into a dataset."""

    use_case: ClassVar[str] = "prepare"

    about: str = Field("", description="For the card: what the images show.")
    origin: str = Field("", description="For the card: where the images are from, such as an instrument or a DOI.")
    licence: str = Field("", description="For the card: the licence of the images.")


def _two_numbers(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        shortest, longest = (float(part) for part in value.split(","))
    except ValueError as error:
        raise UserError(FieldRef("period_px"), f" {value!r} is not a pair of numbers; write it like 8,14.") from error
    return shortest, longest


class SimulateRequest(DatasetName):
    """Simulate clean atomic lattices as a dataset."""

    use_case: ClassVar[str] = "simulate"

    count: int = Field(200, ge=3, le=99_999, description="Number of images.")
    size_px: int = Field(384, ge=32, le=8192, description="Height and width of an image in px.")
    period_px: Annotated[tuple[float, float] | None, BeforeValidator(_two_numbers)] = Field(
        None, description="Shortest and longest lattice period in px; 8,14 by default."
    )
    dents: bool = Field(True, description="Add bumps and depressions of 2 to 8 periods.")
    like: Path | None = Field(
        None, description="Real micrograph whose lattice period, direction and pixel size are used."
    )
    seed: int = Field(0, ge=0, description="Equal seeds give equal images.")


class NoiseRequest(Request):
    """Estimate dose, read noise and banding of an instrument."""

    use_case: ClassVar[str] = "noise"

    file: Path = Field(description="A micrograph as the instrument wrote it.")
    second: Path | None = Field(None, description="Second frame of the same field, for a more exact estimate.")
    dataset: DatasetField | None = Field(
        None, description="Prepared dataset whose training is to simulate the noise; 16- and 32-bit files need it."
    )
