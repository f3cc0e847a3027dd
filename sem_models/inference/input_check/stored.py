"""Reading what a model learned from out of its weights file, without the weights and without torch."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open

from sem_models.inference.input_check.reference import InputReference
from sem_models.inference.model_folder import WEIGHTS, readable

LEARNED = "learned"
"""Names the reference among the metadata of a weights file."""


def stored_reference(folder: Path) -> InputReference | None:
    """Read the reference of a model folder; None where its training stored none.

    Raises:
        UserError: The weights are missing or damaged.
    """
    with readable(folder), safe_open(folder / WEIGHTS, "np") as file:
        return reference_in(file.metadata() or {})


def reference_in(metadata: Mapping[str, str]) -> InputReference | None:
    """Find the reference among the metadata of a weights file; raises a `ValueError` if it is damaged."""
    return InputReference.model_validate_json(metadata[LEARNED]) if LEARNED in metadata else None
