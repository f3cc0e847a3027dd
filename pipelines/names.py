"""Types of request fields that hold a name: a refused one is named together with its field."""

from enum import Enum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from sem_models.names import inner_path, new_alias, new_name, new_title, one_folder


class Names(Enum):
    """What the text of a field names, for whoever decides who may use it."""

    DATASET = "dataset"
    RUN = "run"


class Writes:
    """Marks the field of a path that is written; all others are read."""


NewNameField = Annotated[str, AfterValidator(new_name)]
"""Name of something that is made, such as a registered model; given back in NFKC."""
TitleField = Annotated[str, AfterValidator(new_title)]
"""Name of something that has no folder of its own, such as a study."""
AliasField = Annotated[str, AfterValidator(new_alias)]
"""Alias of a registered model; an empty one stands for none."""
DatasetField = Annotated[str, AfterValidator(one_folder), Names.DATASET]
"""Name of a dataset that should exist."""
ExperimentField = Annotated[str, AfterValidator(inner_path)]
"""Name of an experiment, which may exist; that of a new one has to be a `NewNameField` as well."""
RunIdField = Annotated[str, Names.RUN]
"""Id of a run that should exist."""
RunIdsField = Annotated[tuple[str, ...], Names.RUN]
"""Ids of runs that should exist; `RUN_ID:backward` for the backward generator of a CycleGAN."""
OutField = Annotated[Path, Writes()]
"""File or folder for results."""
