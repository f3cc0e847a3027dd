"""The pages of a raw file as bytes, which a memory keeps: facts as JSON, fingerprints and pictures as arrays."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sem_models.datasets.preparation.planned_image import PlannedImage
from sem_models.datasets.preparation.sources import Candidate
from sem_models.images.databar import DataBar

_FACTS = ("page", "dtype", "pixel_size_nm", "scale_warning", "sha256", "content", "mask_levels")


def pages_to_bytes(images: Sequence[PlannedImage]) -> bytes:
    """Write what was found in the pages of one file."""
    arrays: dict[str, Any] = {}
    facts = []
    for index, image in enumerate(images):
        own: dict[str, Any] = {name: getattr(image, name) for name in _FACTS}
        own["within_file"] = image.source.removeprefix(image.path.name)
        own["labels"] = [[value, count] for value, count in image.labels.items()]
        facts.append({**own, "databar": asdict(image.databar), "shape": image.shape})
        arrays[f"picture{index}"] = np.frombuffer(image.picture, np.uint8)
        if image.fingerprint is not None:
            arrays[f"fingerprint{index}"] = image.fingerprint
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def pages_from_bytes(content: bytes, candidate: Candidate) -> list[PlannedImage] | None:
    """Read what was found in the pages of a file; None if the bytes are damaged."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            facts = json.loads(arrays["facts"].tobytes())
            return [_page(candidate, own, arrays, index) for index, own in enumerate(facts)]
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile):
        return None


def _page(candidate: Candidate, facts: dict[str, Any], arrays: Any, index: int) -> PlannedImage:
    fingerprint = f"fingerprint{index}"
    height, width, channels = facts["shape"]
    return PlannedImage(
        path=candidate.path,
        source=candidate.path.name + facts["within_file"],
        role=candidate.role,
        sample=candidate.sample,
        group="",
        split="train",
        databar=DataBar(**facts["databar"]),
        shape=(height, width, channels),
        labels=dict(facts["labels"]),
        picture=arrays[f"picture{index}"].tobytes(),
        fingerprint=arrays.get(fingerprint),
        **{name: facts[name] for name in _FACTS},
    )
