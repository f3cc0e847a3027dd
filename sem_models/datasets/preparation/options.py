"""The options of a dataset preparation."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sem_models.datasets.kinds import LAYOUTS, Kind, Layout
from sem_models.datasets.manifest import Register
from sem_models.datasets.preparation.corrections import Correction, from_tables, refuse_contradictions


def _none_for_empty(value: Any) -> Any:
    return None if value in (0, "") else value


Arrangement = Literal["plain", "categories", "bids", "input-left", "input-right", "numbered"]
_Text = Annotated[str | None, BeforeValidator(_none_for_empty)]
"""An empty text, as forms send it, means that the option is not set."""
_Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_SizeNm = Annotated[_Size | None, BeforeValidator(_none_for_empty)]
"""A value of 0, as forms send it, means that the size is not known."""


class PrepareOptions(BaseModel):
    """Which raw files become a dataset, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw: tuple[Path, ...] = Field(min_length=1, description="Files and folders of raw micrographs.")
    name: str = Field(description="Name of the dataset.")
    kind: Kind = Field("single", description="Single images, pairs, two unpaired domains, or with masks.")
    arrangement: Arrangement = Field(
        "plain",
        description="How the files lie: plain; categories (a folder each); bids; input-left or input-right (input and "
        "target side by side in one file); numbered (the target has the next number).",
    )
    target: Path | None = Field(None, description="Folder of targets (paired) or of the other domain (unpaired).")
    extra_inputs: tuple[Path, ...] = Field(
        (), description="Folder of extra inputs (paired), whose channels follow those of the raw files."
    )
    masks: Path | None = Field(None, description="Folder of label masks (masked).")
    mask_suffix: _Text = Field(
        None, description="Ending, before the file type, of the masks to use if an image has several masks."
    )
    masks_as_images: bool = Field(
        False, description="Single images: also use files that are named like a mask of another file."
    )
    group_by: _Text = Field(None, description="Regular expression that finds the specimen in a file name.")
    target_group_by: _Text = Field(
        None, description="Regular expression for the other domain (unpaired), if its file names differ."
    )
    test_groups: _Text = Field(
        None, description="Regular expression for the groups of the test split; the others are split at random."
    )
    join_same_field: bool = Field(
        True, description="Compare all images and put those that show the same field into one group."
    )
    pixel_size_nm: _SizeNm = Field(None, description="Pixel size in nm, for all files.")
    databar_rows: int | None = Field(
        None, ge=0, description="Rows of data bar to cut off every image; otherwise from metadata or detection."
    )
    registration: Register = Field(
        "none", description="Pairs: crop by whole pixels (shift), or warp the input by mutual information."
    )
    max_residual_px: float | None = Field(
        None,
        ge=0,
        description="Reject pairs with a larger median residual, in px (inf: none); 2 if pairs are registered.",
    )
    target_pixel_size_nm: _SizeNm = Field(None, description="Pixel size in nm of the targets, if it differs.")
    resample_nm: _SizeNm = Field(
        None, description="Resample all images to this pixel size in nm (masks by majority of labels)."
    )
    corrections: Annotated[
        tuple[Correction, ...], BeforeValidator(from_tables), AfterValidator(refuse_contradictions)
    ] = Field(
        (),
        description="Table (CSV) of corrections image by image: columns image, role, databar_rows, group, split, use.",
    )
    seed: int = Field(0, description="Order in which groups are assigned to the splits.")

    @property
    def layout(self) -> Layout:
        """The images that each sample will consist of."""
        return LAYOUTS[self.kind]
