"""What somebody asks of a preparation."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sem_models.datasets.kinds import LAYOUTS, Kind, Layout
from sem_models.datasets.manifest import Register


def _none_for_empty(value: Any) -> Any:
    return None if value in (0, "") else value


_Text = Annotated[str | None, BeforeValidator(_none_for_empty)]
"""Empty in a form: not asked for."""
_Size = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_SizeNm = Annotated[_Size | None, BeforeValidator(_none_for_empty)]
"""0 in a form: not known."""


class PrepareOptions(BaseModel):
    """Which raw files become a dataset, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw: tuple[Path, ...] = Field(min_length=1, description="Files and folders of raw micrographs.")
    name: str = Field(description="Name of the dataset.")
    kind: Kind = Field("single", description="Images alone, two of each field, two contrasts, with masks.")
    target: Path | None = Field(None, description="Folder of targets (paired) or of the other domain (unpaired).")
    extra_inputs: tuple[Path, ...] = Field(
        (), description="Folder of extra inputs (paired): their channels follow those of the raw files."
    )
    masks: Path | None = Field(None, description="Folder of label masks (masked).")
    mask_suffix: _Text = Field(
        None, description="What names of the masks to use end in before the file type, where an image has several."
    )
    group_by: _Text = Field(None, description="Regular expression that finds the specimen in a file name.")
    target_group_by: _Text = Field(
        None, description="The same for names in the other domain (unpaired), where they differ."
    )
    test_groups: _Text = Field(
        None, description="Regular expression of the groups that are the test; the rest is split at random."
    )
    pixel_size_nm: _SizeNm = Field(None, description="Pixel size in nm, for all files.")
    databar_rows: int | None = Field(
        None, ge=0, description="Rows of data bar to cut off every image; else by metadata or detection."
    )
    registration: Register = Field(
        "none", description="Pairs: crop by whole pixels (shift), or warp the input by mutual information."
    )
    max_residual_px: float | None = Field(
        None,
        ge=0,
        description="Pairs with more median residual, in px, are set aside (inf: none). 2 if pairs are registered.",
    )
    target_pixel_size_nm: _SizeNm = Field(None, description="Pixel size in nm of the targets, where theirs differs.")
    resample_nm: _SizeNm = Field(
        None, description="Bring all images to this pixel size in nm (masks by majority of labels)."
    )
    seed: int = Field(0, description="Order in which groups are assigned to the splits.")

    @property
    def layout(self) -> Layout:
        """Which images the samples will consist of."""
        return LAYOUTS[self.kind]
