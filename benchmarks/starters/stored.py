"""Results of the starter models as small JSON files: scores of images as tables, numbers with four decimals."""

import hashlib
import json
from pathlib import Path
from typing import Any

from sem_models.inference.storage import load_weights
from sem_models.starters.shelf import starter_folder

_FOLDER = Path(__file__).parent
_DIGITS = 4
_GROUP = "group"
_COLUMNS, _ROWS = "columns", "rows"
NETWORK = "network_sha256"
"""Key of the checksum of the network that was measured."""


def network_sha256(name: str) -> str:
    """Checksum of the weights of a network on the shelf, whatever else its file holds (reference, doubt head)."""
    digest = hashlib.sha256()
    for key, tensor in sorted(load_weights(starter_folder(name)).items()):
        digest.update(key.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def result_file(name: str) -> Path:
    """Return where the results of that name are."""
    return _FOLDER / f"{name}.json"


def read_result(name: str) -> dict[str, Any]:
    """Read results, with scores by image; empty if there are none."""
    file = result_file(name)
    content: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return {key: _unpacked(value) for key, value in content.items()}


def write_result(name: str, content: dict[str, Any]) -> None:
    """Write results; what maps images to rows with a `group` becomes a table."""
    result_file(name).write_text(_text(_packed(content)) + "\n")


def _packed(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, list | tuple):
        return [_packed(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(row, dict) and _GROUP in row for row in value.values()):
        return _table(value)
    return {key: _packed(one) for key, one in value.items()}


def _table(rows: dict[str, Any]) -> dict[str, Any]:
    flat = {name: _flat(row) for name, row in rows.items()}
    columns = list(dict.fromkeys(path for row in flat.values() for path in row))
    cells = {name: [_packed(row.get(path)) for path in columns] for name, row in flat.items()}
    return {_COLUMNS: [list(path) for path in columns], _ROWS: cells}


def _flat(row: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """Return the scores of a row by method and metric, and whatever has no metric by its key alone."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            found |= {(key, metric): one for metric, one in value.items()}
        else:
            found[key,] = value
    return found


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) != {_COLUMNS, _ROWS}:
        return {key: _unpacked(one) for key, one in value.items()}
    return {name: _row(value[_COLUMNS], cells) for name, cells in value[_ROWS].items()}


def _row(columns: list[list[str]], cells: list[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for (key, *metric), cell in zip(columns, cells, strict=True):
        if metric and cell is not None:
            row.setdefault(key, {})[metric[0]] = cell
        elif cell is not None:
            row[key] = cell
    return row


def _text(value: Any, indent: str = "") -> str:
    """Write what holds no further level on one line."""
    if not isinstance(value, dict) or not any(isinstance(one, dict | list) for one in value.values()):
        return json.dumps(value, ensure_ascii=False)
    lines = [f"{indent} {json.dumps(key)}: {_text(one, indent + ' ')}" for key, one in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
