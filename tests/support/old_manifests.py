"""Manifests of earlier versions: without residuals, extra inputs, resampling and classes."""

import hashlib
import json
from pathlib import Path
from typing import Any

_OF_ENTRIES = ("warp", "residual", "residual_before", "group_by_name")
_OF_ARRAYS = ("parts", "resampled")


def before(folder: Path) -> dict[str, Any]:
    """The manifest in `folder` without the fields that were added later, which must be empty."""
    content = json.loads((folder / "manifest.json").read_text())
    assert content.pop("label_values") == []
    assert content.pop("test_groups") is content.pop("target_group_by") is None
    for entry in content["entries"]:
        for name in _OF_ENTRIES:
            del entry[name]
        for stored in entry["arrays"]:
            assert not any(stored.pop(name) for name in _OF_ARRAYS)
    return content


def old_digest(content: dict[str, Any]) -> str:
    """The digest as earlier versions defined it."""
    hashed = {name: value for name, value in content.items() if name not in ("name", "skipped")}
    return hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest()
